"""Reads a picture in sixels from the standard input and says what is in it."""

import re
import sys

text = sys.stdin.buffer.read().decode("utf-8", "replace")
body = re.search("\x1bP0;1;0q(.*?)\x1b\\\\", text, re.S).group(1)
width, height = map(int, re.match(r'"1;1;(\d+);(\d+)', body).groups())
colors = {}
pixels = {}
x = y = 0
color = None
for token in re.finditer(r'"[\d;]+|#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|(\$)|(-)', body):
    number, red, green, blue, count, repeated, single, home, down = token.groups()
    if number is not None:
        if red is not None:
            colors[int(number)] = (int(red), int(green), int(blue))
        else:
            color = int(number)
    elif home:
        x = 0
    elif down:
        x, y = 0, y + 6
    elif repeated or single:
        for _ in range(int(count or 1)):
            bits = ord(repeated or single) - 63
            for bit in range(6):
                if bits >> bit & 1:
                    assert (x, y + bit) not in pixels, "a pixel is drawn twice"
                    pixels[x, y + bit] = colors[color]
            x += 1
assert len(pixels) == width * height, f"{len(pixels)} of {width * height} pixels are drawn"
share = lambda test: round(100 * sum(map(test, pixels.values())) / len(pixels))
white = share(lambda c: min(c) >= 97)
blue = sum(c[2] > 70 and c[0] < 45 for c in pixels.values())
print(f"{width} {height}, {len(colors)} colours, white {white}%, {blue} pixels blue")
