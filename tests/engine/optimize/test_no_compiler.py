"""Nothing is compiled inside a job: a lock that a killed compiler left behind would be waited for without end."""

from __future__ import annotations

import subprocess
import sys


def test_the_acquisition_of_a_front_does_not_compile():
    code = (
        "import torch.utils.cpp_extension as extension\n"
        "def load(*_, **__): raise SystemExit('compiles')\n"
        "extension.load = load\n"
        "import engine.optimize.proposals.acquisition\n"
        "from botorch.acquisition.multi_objective import logei\n"
        "logei._try_load_fused_kernel()\n"
        "assert logei._C is None\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
