#!/bin/bash
export VLLM_USE_V1=0  # as it was
export VLLM_ATTENTION_BACKEND=FLASH_ATTN

vllm serve Qwen/Qwen2.5-7B \
    --disable-log-requests \
    --num-scheduler-steps 8 \
    --swap-space 16 \
    --max-num-seqs 256 \
    --port 8000
