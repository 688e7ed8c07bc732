"""Rollouts over HTTP, one group of completions a prompt."""

import requests

SERVER = "http://localhost:8000"


def rollouts(prompt, group):
    asked = {
        "model": "policy",
        "prompt": prompt,
        "n": group,
        "temperature": 1.0,
        "max_tokens": 1024,
        "logprobs": 0,
    }
    return requests.post(f"{SERVER}/v1/completions", json=asked, timeout=600).json()


def update(payload):
    requests.post(f"{SERVER}/pause?mode=wait", timeout=600)
    requests.post(f"{SERVER}/update_weights", json=payload, timeout=600)
    requests.post(f"{SERVER}/resume", timeout=600)
