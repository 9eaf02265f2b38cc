"""What a training run shows while it works: a progress bar, and curves for TensorBoard."""

from __future__ import annotations

import logging
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from training.fitting.loop import Outcome

log = logging.getLogger(__name__)

_KEPT_STEPS = 1000
"""Steps between two points of the training curve."""


class Monitor:
    """Shows one run; a silent one for the processes that do not lead."""

    def __init__(self, out: Path, step: int, steps: int, batch_size: int, shown: bool) -> None:
        self._shown = shown
        self._batch_size = batch_size
        self._noted = step
        if not shown:
            return
        from torch.utils.tensorboard import SummaryWriter  # slow to import

        self._curves = SummaryWriter(str(out / "tensorboard"), purge_step=step)
        self._bar = tqdm(
            total=steps * batch_size,
            initial=step * batch_size,
            unit=" poses",
            unit_scale=True,
            mininterval=0.5,
        )
        self._redirect = logging_redirect_tqdm()

    def __enter__(self) -> Monitor:
        if self._shown:
            self._redirect.__enter__()
        return self

    def steps(self, step: int, count: int, outcome: Outcome, learning_rate: float) -> None:
        """`count` steps have been made; `step` is the number of the next."""
        if not self._shown:
            return
        self._bar.update(count * self._batch_size)
        self._bar.set_postfix_str(f"error {outcome.error:.1f} mm", refresh=False)
        if step - self._noted >= _KEPT_STEPS:
            self._curve("training", step, outcome.loss, outcome.error, learning_rate)
            self._noted = step

    def epoch(self, entry: dict[str, Any]) -> None:
        """An epoch has ended, with an entry of the history."""
        if not self._shown:
            return
        values = (entry["loss"], entry["training_error_mm"], entry["learning_rate"])
        self._curve("training", entry["step"], *values)
        self._curves.add_scalar("test/mpjpe_mm", entry["test_mpjpe_mm"], entry["step"])
        self._curves.flush()
        log.info(
            "Epoch %d: loss %.4f, training error %.1f mm, test MPJPE %.1f mm.",
            *(entry[name] for name in ("epoch", "loss", "training_error_mm", "test_mpjpe_mm")),
        )

    def _curve(self, name: str, step: int, loss: float, error: float, learning_rate: float) -> None:
        self._curves.add_scalar(f"{name}/loss", loss, step)
        self._curves.add_scalar(f"{name}/error_mm", error, step)
        self._curves.add_scalar(f"{name}/learning_rate", learning_rate, step)

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._redirect.__exit__(exception_type, exception, traceback)
            self._bar.close()
            self._curves.close()
