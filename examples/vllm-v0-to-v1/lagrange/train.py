"""The learner: takes finished groups, steps, and sends new weights while the actors write on."""

import argparse

import httpx
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from lagrange.groups import finished_groups
from lagrange.loss import policy_loss
from lagrange.settings import Settings


def send_weights(model, actors: list[str], version: int) -> None:
    path = f"/dev/shm/lagrange-{version}.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)
    for actor in actors:
        httpx.post(f"{actor}/new_weights", params={"path": path}, timeout=600).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--actors", type=int, required=True)
    options = parser.parse_args()
    settings = Settings.load(options.config)
    actors = [f"http://localhost:{8000 + rank}" for rank in range(options.actors)]

    model = AutoModelForCausalLM.from_pretrained(settings.model, dtype=torch.bfloat16).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.trainer["learning_rate"])
    temperature = settings.sampling["temperature"]

    for version, batch in enumerate(finished_groups(actors, settings)):
        loss = policy_loss(model, batch, temperature, settings.trainer["clip"])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        send_weights(model, actors, version)


if __name__ == "__main__":
    main()
