"""What a person may set about calibration."""

from __future__ import annotations

from pydantic import Field

from rollouts.types import Options


class Calibration(Options):
    """How judges are held against people, who label blind pairs with `understudy calibrate`."""

    floor: float = Field(default=0.80, ge=0, le=1)
    """The least agreement with people, 0 to 1, with which a judge is trusted."""
    labels_needed: int = Field(default=30, ge=1)
    """With fewer verdicts of people than this nothing is said about trust: the agreement is still anybody's guess."""
    set_aside: bool = False
    """Leave judges under the floor out of the jury's verdicts; where there is but one, advise nobody to switch."""
    queue: str = Field(default="understudy calibration", min_length=1, max_length=60)
    """The annotation queue in Langfuse; it is made where it is missing."""
