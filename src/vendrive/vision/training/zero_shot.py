"""`python -m vendrive.vision.training.zero_shot FILES OUT`: vectors of photos by the weights as they came.

FILES lists a photo in each line; OUT becomes an .npy of N x 1280 unit vectors. A program of its own, as it needs the
extra `train` and the weights, which no program that customers use does.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from vendrive.vision.looks import open_small
from vendrive.vision.training.export import imagenet_model
from vendrive.vision.training.layers import read_imagenet

SIDE_PX = 224
WEIGHTS = Path("../shared/models/mobilenet_v2_imagenet.npz")
_runtime: Any = onnxruntime


def main() -> int:
    """Print how many photos are done, a line each twenty."""
    asked = argparse.ArgumentParser(prog="python -m vendrive.vision.training.zero_shot", description=__doc__)
    asked.add_argument("files", type=Path)
    asked.add_argument("out", type=Path)
    asked.add_argument("--weights", type=Path, default=WEIGHTS)
    arguments = asked.parse_args()
    options = _runtime.SessionOptions()
    options.intra_op_num_threads = 2
    net = _runtime.InferenceSession(imagenet_model(read_imagenet(arguments.weights)), options)
    vectors = []
    for number, file in enumerate(arguments.files.read_text(encoding="utf-8").splitlines()):
        small = cv2.resize(open_small(Path(file)).pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        vector = net.run(["vector"], {"pixels": small[None]})[0][0]
        vectors.append(vector / np.linalg.norm(vector))
        if number % 20 == 0:
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
    np.save(arguments.out, np.stack(vectors).astype(np.float32))
    return 0


if __name__ == "__main__":
    sys.exit(main())
