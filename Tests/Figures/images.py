"""Files of Pillow and NumPy, and what they read in them.

Run: python Tests/Figures/images.py   (numpy, pillow); writes Tests/Programs/files: pictures, arrays
and figures-files.nns
"""
import pathlib

import numpy as np
from PIL import Image

root = pathlib.Path(__file__).resolve().parents[2] / "Tests/Programs/files"
root.mkdir(exist_ok=True)
random = np.random.default_rng(3)
lines = ["# Made by Tests/Figures/images.py with NumPy and Pillow.", "",
         "default_dtype(f64)", "fn near(a, b) = max(abs(a - b)) < 0.000001", ""]


def literal(values):
    values = np.asarray(values)
    if values.ndim == 0:
        return ("true" if values else "false") if values.dtype == bool else repr(values.item())
    return "[" + ", ".join(literal(v) for v in values) + "]"


# Pictures: what is in the file, as Pillow converts it to the planes that it has.
gray = random.integers(0, 256, (3, 5), dtype=np.uint8)
color = random.integers(0, 256, (4, 3, 3), dtype=np.uint8)
pictures = {
    "gray": Image.fromarray(gray, "L"),
    "color": Image.fromarray(color, "RGB"),
    "transparent": Image.fromarray(random.integers(0, 256, (2, 3, 4), dtype=np.uint8), "RGBA"),
    "gray-transparent": Image.fromarray(random.integers(0, 256, (2, 3, 2), dtype=np.uint8), "LA"),
    "black-white": Image.fromarray(gray > 128),
    "palette": Image.fromarray(color, "RGB").quantize(5),
}
modes = {"1": "L", "P": "RGB"}
for name, picture in pictures.items():
    picture.save(root / f"{name}.png")
    pixels = np.asarray(picture.convert(modes.get(picture.mode, picture.mode)))
    planes = pixels if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    lines.append(f'near(255 * load("{{script_folder}}/{name}.png"), {literal(planes)})  # => true')
lines.append("")

# Another size: Pillow's own filter on floats.
field = random.normal(size=(7, 5)).astype(np.float32)
lines.append(f"let field = {literal(field.round(4))}")
field = field.round(4)
for size in [(7, 5), (14, 5), (3, 2), (4, 9), (1, 1)]:
    image = Image.fromarray(field, "F").resize((size[1], size[0]), Image.BILINEAR)
    lines.append(f"near(resize([field], {size})[0], {literal(np.asarray(image).round(7))})  # => true")

# Arrays of every type that nns holds, both orders, both ends.
lines.append("")
values = np.arange(6).reshape(2, 3)
arrays = {
    "f32": values.astype("<f4") / 4, "f64": values.astype("<f8") / 3, "half": values.astype("<f2") / 2,
    "i8": values.astype("i1") - 3, "i16": values.astype("<i2") * -1000, "i32": values.astype("<i4") * 70000,
    "i64": values.astype("<i8") * 2**50, "u8": values.astype("u1") * 50, "u32": values.astype("<u4") * 800000000,
    "bool": values > 2, "big": values.astype(">f4") / 4, "big16": values.astype(">i2") * 300,
    "fortran": np.asfortranarray(values.astype("<f8")), "scalar": np.float64(2.5), "empty": np.zeros((0, 3), "<f4"),
    "cube": np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype("<i4")),
}
dtypes = {"half": "f32", "i8": "i32", "i16": "i32", "u8": "i32", "u32": "i64", "big": "f32", "big16": "i32",
          "fortran": "f64", "scalar": "f64", "empty": "f32", "cube": "i32"}
for name, array in arrays.items():
    np.save(root / f"{name}.npy", array)
    shape = "[" + ", ".join(map(str, np.asarray(array).shape)) + "]"
    call = f'load("{{script_folder}}/{name}.npy")'
    lines.append(f'({call}.dtype, {call}.shape)  # => ({dtypes.get(name, name)}, {shape})')
    if np.asarray(array).size:
        lines.append(f'all({call} == {literal(array)})  # => true')
np.savez(root / "stored.npz", weight=arrays["f32"], bias=arrays["i64"])
np.savez_compressed(root / "packed.npz", weight=np.tile(arrays["f32"], (50, 1)))
lines += ['all(load("{script_folder}/stored.npz").bias == load("{script_folder}/i64.npy"))  # => true',
          'load("{script_folder}/packed.npz").weight.shape  # => [100, 3]',
          'let packed = load("{script_folder}/packed.npz").weight',
          'all(packed == tile(load("{script_folder}/f32.npy"), [50, 1]))  # => true']
(root / "figures-files.nns").write_text("\n".join(lines) + "\n")
