"""The training loop: from any point that a checkpoint remembers to the end of the recipe."""

import json
import math
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vendrive.clock import Clock
from vendrive.vision.training.augment import augment
from vendrive.vision.training.layers import Weights
from vendrive.vision.training.losses import Labels, Loss
from vendrive.vision.training.net import Encoder, follow, in_short
from vendrive.vision.training.photos import Batches
from vendrive.vision.training.recipe import Recipe

CHECKPOINT = "checkpoint.pt"
STEPS_OF_DEPTH = 5
FORMAT = torch.channels_last
Told = Callable[[float, str], None]
Measured = Callable[[Encoder], dict[str, float]]


class Run:
    """One training run: the net, its running average, and how far it is."""

    def __init__(
        self, recipe: Recipe, photos: Tensor, labels: Labels, start: Weights, device: str, learned_from: str = ""
    ) -> None:
        """`photos` is N x 3 x side x side, uint8; held on the device, where they are also augmented.

        `learned_from` is their fingerprint: a checkpoint of other photos is not gone on from.
        """
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self._short = recipe, device, in_short(device)
        self._learned_from = learned_from
        self._photos, self._numbers = photos.to(device), labels.numbers.to(device)
        self._batches = Batches(labels.numbers[:, 0], recipe.batch, recipe.photos_per_model, recipe.seed)
        self._epoch_steps = max(1, len(photos) // recipe.batch)
        self.net = Encoder(recipe.dimensions).to(device)
        some = self._photos[torch.randperm(len(photos))[:128].to(device)]
        self.net.start_from(start, augment(some, min(recipe.side_px, photos.shape[-1]), 0))
        self.net = self.net.to(memory_format=FORMAT)
        self.average = deepcopy(self.net).eval()
        self.loss = Loss(recipe, labels).to(device)
        self._optimiser = torch.optim.AdamW(self._groups(), weight_decay=recipe.decay, fused=device == "cuda")
        self._peaks = [group["lr"] for group in self._optimiser.param_groups]
        self.steps, self.elapsed_s = 0, 0.0
        self.course: list[dict[str, float]] = []

    @property
    def epoch(self) -> int:
        """How many times as many photos as there are were learned from."""
        return self.steps // self._epoch_steps

    @property
    def share(self) -> float:
        """From 0 to 1: how much of the run is done."""
        epochs = self.steps / (self._epoch_steps * self.recipe.epochs)
        return min(1.0, max(epochs, self.elapsed_s / (60 * self.recipe.minutes)))

    def _groups(self) -> list[dict[str, Any]]:
        """Early layers learn slower: they already see what photos are made of. Scales and biases do not decay."""
        groups: list[dict[str, Any]] = []
        depth = -(-len(self.net.layers) // STEPS_OF_DEPTH)
        for at in range(STEPS_OF_DEPTH):
            some = self.net.layers[at * depth : (at + 1) * depth]
            rate = self.recipe.rate * (0.3 + 0.7 * at / (STEPS_OF_DEPTH - 1))
            groups.append({"params": [one.weights.weight for one in some], "lr": rate})
            norms = [parameter for one in some for parameter in one.norm.parameters()]
            groups.append({"params": norms, "lr": rate, "weight_decay": 0.0})
        groups.append({"params": [*self.net.projection.parameters(), *self.net.pooling.parameters()], "lr": 1e-3})
        groups.append({"params": [*self.loss.parameters()], "lr": self.recipe.head_rate})
        return groups

    def go_on(self, clock: Clock, folder: Path, told: Told, measured: Measured, every_s: float = 120.0) -> None:
        """Train to the end. Keep a checkpoint every two minutes; resume from it where the folder holds one."""
        self._resume(folder)
        began, before, kept = clock.monotonic(), self.elapsed_s, self.elapsed_s
        while self.share < 1:
            value = self._step()
            self.elapsed_s = before + clock.monotonic() - began
            at_epoch = self.steps % self._epoch_steps == 0
            if self.steps % 5 == 0:
                told(self.share, f"epoch {self.epoch}, loss {float(value):.3f}, {self.elapsed_s / 60:.1f} min")
            if at_epoch:
                row = {"epoch": self.epoch, "minutes": self.elapsed_s / 60, "loss": float(value)}
                self.course.append(row)
            if self.elapsed_s - kept > every_s or self.share >= 1:
                self.course.append({"epoch": self.epoch, "minutes": self.elapsed_s / 60} | measured(self.average))
                self._keep(folder)
                kept = self.elapsed_s

    def _step(self) -> Tensor:
        self._set_rates()
        self.net.train(not self.recipe.frozen_norm)
        places = self._batches.next().to(self.device)
        pixels = augment(self._photos[places], self.recipe.side_px, self.recipe.strength)
        pixels = pixels.to(memory_format=FORMAT)
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self._short):
            seen = self.net(pixels)
        loss = self.loss(seen, self._numbers[places])
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self._optimiser.step()
        self.steps += 1
        self._follow()
        return loss.detach()

    def _set_rates(self) -> None:
        """Warm up over a fiftieth, then half a cosine down to a hundredth."""
        share = self.share
        factor = min(1.0, share * 50 + 0.01) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor

    def _follow(self) -> None:
        """Move the average a little towards the net; faster in the beginning, when the net is still far away."""
        follow(self.average, self.net, min(self.recipe.averaging, self.steps / (self.steps + 20)))

    def _keep(self, folder: Path) -> None:
        state = {
            "recipe": json.dumps(asdict(self.recipe), sort_keys=True),
            "learned_from": self._learned_from,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "loss": self.loss.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "steps": self.steps,
            "elapsed_s": self.elapsed_s,
            "course": self.course,
            "draw": self._batches.draw.get_state(),
            "chance": torch.get_rng_state(),
            "device_chance": torch.cuda.get_rng_state() if self.device == "cuda" else None,
        }
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(state, folder / f"{CHECKPOINT}.part")
        os.replace(folder / f"{CHECKPOINT}.part", folder / CHECKPOINT)

    def _resume(self, folder: Path) -> None:
        if not (folder / CHECKPOINT).is_file():
            return
        state = torch.load(folder / CHECKPOINT, map_location=self.device, weights_only=True)
        if state["recipe"] != json.dumps(asdict(self.recipe), sort_keys=True):
            raise ValueError(f"{folder / CHECKPOINT} is of another recipe: take another folder, or delete it")
        if state.get("learned_from") != self._learned_from:
            raise ValueError(
                f"{folder / CHECKPOINT} learned from other photos, or an older version wrote it: "
                "take another folder, or delete it"
            )
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.loss.load_state_dict(state["loss"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps, self.elapsed_s, self.course = state["steps"], state["elapsed_s"], state["course"]
        self._batches.draw.set_state(state["draw"].cpu())
        # What augmentation draws goes on where it stopped: a resumed run is the run that was not interrupted.
        torch.set_rng_state(state["chance"].cpu())
        if self.device == "cuda":
            torch.cuda.set_rng_state(state["device_chance"].cpu())
