# The tested versions and the shipped checkpoint; what it writes lands in the folder mounted at /work:
#   docker build -t lh-eval . && docker run --rm -v "$PWD":/work lh-eval niah --k 2048
# Add --gpus all for the Triton kernels: torch's wheels bring CUDA, the host its driver.
FROM python:3.11-slim
# Triton builds its launcher with a C compiler
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN pip install --no-cache-dir -c /source/constraints.txt /source && rm -rf /source
RUN useradd --create-home user
USER user
WORKDIR /work
ENTRYPOINT ["lh-eval"]
CMD ["--help"]
