"""What runs inside each vLLM worker."""

from safetensors.torch import load_file


class WeightReceiver:
    def receive_weights(self, path: str) -> None:
        """Load the trainer's newest checkpoint in place, between two steps of the engine."""
        weights = load_file(path, device=str(self.device))
        self.model_runner.model.load_weights(weights=weights.items())
