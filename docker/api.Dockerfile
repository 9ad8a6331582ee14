# The API, the sweeper and the migrations: no torch, so the image is small and starts fast.
#   docker build -f docker/api.Dockerfile -t orichalcum-api .
# Other package indexes than pip's and npm's own:  --build-arg PIP_INDEX_URL=https://packages.example.org/simple
#   --build-arg NPM_CONFIG_REGISTRY=https://npm.example.org/
FROM python:3.11-slim AS build
ARG PIP_INDEX_URL=
ENV PIP_INDEX_URL=${PIP_INDEX_URL} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/orichalcum
COPY constraints.txt docker/api.requirements.txt ./
RUN /opt/orichalcum/bin/pip install -c constraints.txt -r api.requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY api_schemas api_schemas
COPY engine engine
COPY service service
COPY orichalcum orichalcum

# The dashboard, with a Node.js that stays behind in this stage.
FROM build AS dashboard
ARG NPM_CONFIG_REGISTRY=
COPY dashboard dashboard
COPY examples examples
RUN if [ -n "${NPM_CONFIG_REGISTRY}" ]; then export NPM_CONFIG_REGISTRY; else unset NPM_CONFIG_REGISTRY; fi; \
    /opt/orichalcum/bin/python dashboard/build.py

FROM build AS installed
COPY --from=dashboard /build/service/dashboard/static service/dashboard/static
RUN /opt/orichalcum/bin/pip install -c constraints.txt hatchling \
    && /opt/orichalcum/bin/pip install --no-deps --no-build-isolation . \
    && ! /opt/orichalcum/bin/python -c "import torch" 2>/dev/null

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /var/lib/orichalcum orichalcum \
    && install -d -o orichalcum -m 0700 /var/lib/orichalcum/backups
COPY --from=installed /opt/orichalcum /opt/orichalcum
COPY docker/backup.sh /usr/local/bin/orichalcum-backup
ENV PATH=/opt/orichalcum/bin:${PATH} PYTHONUNBUFFERED=1 ORICHALCUM_DATA=/var/lib/orichalcum
USER orichalcum
WORKDIR /var/lib/orichalcum
EXPOSE 8421
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=6 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8421/health/live', timeout=4)"]
CMD ["python", "-m", "service.server", "--host", "0.0.0.0", "--port", "8421"]
