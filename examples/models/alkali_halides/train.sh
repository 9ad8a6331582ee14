#!/usr/bin/env bash
# Trains the small MACE of this folder on what make_data.py wrote. One thread, about 25 minutes. Then refine.py.
#   python make_data.py . && bash train.sh && python refine.py
set -euo pipefail
OMP_NUM_THREADS=1 mace_run_train --name alkali-halides --seed 1 --device cpu --default_dtype float32 \
  --train_file train.xyz --valid_file test.xyz --E0s average \
  --r_max 5.0 --num_radial_basis 8 --num_cutoff_basis 5 --max_ell 2 --correlation 3 \
  --hidden_irreps '16x0e + 16x1o' --MLP_irreps 16x0e --radial_MLP '[32, 32, 32]' \
  --loss stress --energy_weight 20 --forces_weight 100 --stress_weight 500 \
  --batch_size 8 --valid_batch_size 16 --max_num_epochs 90 --lr 0.01 \
  --scheduler ExponentialLR --lr_scheduler_gamma 0.95 --ema --ema_decay 0.99 --eval_interval 5 \
  --error_table PerAtomMAE "$@"
