# The worker, with torch.
#   docker build -f docker/worker.Dockerfile -t orichalcum-worker .
# pip's own index brings the CUDA build of torch, which serves GPUs and CPUs alike; for a smaller image without CUDA give
# the index of PyTorch's CPU builds as --build-arg TORCH_INDEX_URL=...
FROM python:3.11-slim AS build
ARG PIP_INDEX_URL=
ARG TORCH_INDEX_URL=
ENV PIP_INDEX_URL=${PIP_INDEX_URL} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/orichalcum
COPY constraints.txt ./
RUN /opt/orichalcum/bin/pip install ${TORCH_INDEX_URL:+--index-url "${TORCH_INDEX_URL}"} \
    ${PIP_INDEX_URL:+--extra-index-url "${PIP_INDEX_URL}"} -c constraints.txt torch
COPY pyproject.toml README.md LICENSE ./
COPY api_schemas api_schemas
COPY engine engine
COPY service service
COPY orichalcum orichalcum
RUN /opt/orichalcum/bin/pip install -c constraints.txt '.[server]'

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /var/lib/orichalcum orichalcum \
    && install -d -o orichalcum /var/lib/orichalcum/.cache
COPY --from=build /opt/orichalcum /opt/orichalcum
ENV PATH=/opt/orichalcum/bin:${PATH} PYTHONUNBUFFERED=1 ORICHALCUM_DATA=/var/lib/orichalcum \
    XDG_CACHE_HOME=/var/lib/orichalcum/.cache
USER orichalcum
WORKDIR /var/lib/orichalcum
CMD ["python", "-m", "service.worker"]
