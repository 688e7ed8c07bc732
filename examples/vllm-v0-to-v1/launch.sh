#!/usr/bin/env bash
# One node: the last GPU learns, the others write rollouts.
set -euo pipefail

config=${1:-conf/rollout.yaml}
actors=${ACTORS:-7}

for rank in $(seq 0 $((actors - 1))); do
    CUDA_VISIBLE_DEVICES=$rank python -m lagrange.server \
        --config "$config" \
        --port $((8000 + rank)) &
done

CUDA_VISIBLE_DEVICES=$actors python -m lagrange.train \
    --config "$config" \
    --actors "$actors"
