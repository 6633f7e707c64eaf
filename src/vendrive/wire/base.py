"""What every message has in common."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A frozen message that refuses unknown fields; `v` changes when its meaning does."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    v: int = 1
