#!/usr/bin/env bash
# The policy's server: a checkpoint of this repository, loaded again behind every update.
vllm serve models/policy \
  --served-model-name policy \
  --logprobs-mode processed_logprobs \
  --no-enable-prefix-caching \
  --port 8000
