# The image of any connector: `make image CONNECTOR=source-uxcam`. `make` puts into build/ what is copied here:
# the locked dependencies and the wheels. Plain instructions only, so that every builder understands them.
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6
FROM ${BASE_IMAGE}
USER root

# The same for all connectors, which share this layer; in an environment of its own, whatever the base has installed.
# Libraries' own tests are a sixth of it; bytecode cannot be written later, since the platform may run images
# read-only, and without it each start takes almost twice as long.
COPY build/requirements.txt /airbyte/requirements.txt
RUN python -m venv --without-pip /airbyte/venv \
 && pip --python /airbyte/venv/bin/python install --no-cache-dir --disable-pip-version-check --quiet --no-compile \
      --no-deps --require-hashes --only-binary :all: --requirement /airbyte/requirements.txt \
 && find /airbyte/venv -depth -type d -name tests -exec rm -r {} + \
 && python -m compileall -q -j 0 /airbyte/venv

# The wheels, not the tree: what a package lacks, its image lacks too, and tests show it. Dependencies are those above:
# pip would ask for those that are left out of images on purpose.
ARG CONNECTOR
COPY build/wheels/shared/*.whl build/wheels/${CONNECTOR}/*.whl /tmp/wheels/
RUN pip --python /airbyte/venv/bin/python install --no-cache-dir --disable-pip-version-check --quiet \
      --no-index --no-deps /tmp/wheels/*.whl \
 && rm -r /tmp/wheels \
 && ln -s "${CONNECTOR}" /airbyte/venv/bin/connector

# A number: Kubernetes' runAsNonRoot cannot tell whether a name is root.
USER 1000:1000
# The platform evaluates this from a folder of its own instead of running the ENTRYPOINT.
ENV AIRBYTE_ENTRYPOINT=/airbyte/venv/bin/connector
ENTRYPOINT ["/airbyte/venv/bin/connector"]

ARG REPOSITORY
ARG VERSION
ARG REVISION
LABEL io.airbyte.name=${REPOSITORY} io.airbyte.version=${VERSION} org.opencontainers.image.revision=${REVISION}
