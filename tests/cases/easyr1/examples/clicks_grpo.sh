#!/bin/bash
MODEL_PATH=${MODEL_PATH:-Qwen/Qwen2.5-VL-3B-Instruct}

python3 -m verl.trainer.main \
    config=examples/config.yaml \
    data.train_files=clicks@train \
    worker.actor.model.model_path=${MODEL_PATH} \
    worker.rollout.temperature=0.9 \
    worker.rollout.top_p=0.95 \
    worker.rollout.val_override_config='{"n": 4, "temperature": 0.6}' \
    trainer.n_gpus_per_node=8
