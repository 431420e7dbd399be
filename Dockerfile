# mailer, for docker-compose.yml. Two stages: what builds it, and all that is needed to run it.

FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.lock .
# Every download is compared with its hash here; the steps below take packages from this folder and nowhere else.
RUN pip download --quiet --no-cache-dir --require-hashes --no-deps --only-binary :all: --requirement requirements.lock --dest /wheels
COPY . .
# Versions are those of the lock: nothing else is in the folder.
# hadolint ignore=DL3013
RUN pip install --quiet --no-cache-dir --no-index --find-links /wheels hatchling \
    && pip wheel --quiet --no-cache-dir --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv /opt/mailer \
    && /opt/mailer/bin/pip install --quiet --no-cache-dir --no-index --find-links /wheels "campaign-mailer[postgres]"

FROM python:3.13-slim
COPY --from=build /opt/mailer /opt/mailer
ENV PATH="/opt/mailer/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /project
# A number, so that an orchestrator can see that it is not root without reading /etc/passwd.
USER 10001:10001
ENTRYPOINT ["mailer"]
CMD ["--help"]
