"""What stands behind people: rooms in which something moves, or shows a face. Nothing in them is a person."""

from dataclasses import dataclass

import cv2
import numpy as np

# Metres: how far from the camera things on the wall are, where people sit at half a metre to one and a half.
WALL_M = 2.1
# A 24-inch monitor 1.5 m behind somebody who sits 0.6 m away; a 40-inch television; a fan.
MONITOR_M = (0.53, 0.30)
TELEVISION_M = (0.88, 0.50)
FAN_M = 0.45
MONITOR = np.array((24, 22, 22), np.uint8)


@dataclass
class Place:
    """A rectangle in the picture, in points."""

    left: int
    top: int
    width: int
    height: int

    def draw(self, picture, what):
        """Lays `what`, of this size, over the picture."""
        picture[self.top : self.top + self.height, self.left : self.left + self.width] = what


def points(figure, metres, at=WALL_M):
    return max(8, round(figure.focal * metres / at))


def beside(figure, width, height):
    """Where in the upper three quarters of the frame a thing of this size is hidden least by the person."""
    frame_width, frame_height = figure.size
    width, height = min(width, frame_width - 8), min(height, frame_height - 8)
    hidden = np.mean(figure.alphas[:: max(1, len(figure.alphas) // 20)], axis=0)
    sums = cv2.integral(hidden.astype(np.float64))
    best = None
    for top in range(4, max(5, int(0.75 * frame_height) - height), 8):
        for left in range(4, frame_width - width - 3, 8):
            inside = (
                sums[top + height, left + width] - sums[top, left + width] - sums[top + height, left] + sums[top, left]
            )
            # Of equals, at the height of the head and not in a corner.
            far = abs(top + height / 2 - np.median(figure.heads[:, 0])) / frame_height
            cost = inside / (width * height) + 0.1 * far
            if best is None or cost < best[0]:
                best = (cost, Place(left, top, width, height))
    return best[1]


def framed(picture, colour, edge):
    """A picture of the same size whose edge is a frame of this colour."""
    out = picture.copy()
    out[:edge], out[-edge:], out[:, :edge], out[:, -edge:] = colour, colour, colour, colour
    return out


def empty_room(figure, _others, _random):
    return lambda _frame: figure.room


def television(figure, _others, random):
    """A television: landscapes, shapes and lines of text that pan, with a cut every two to four seconds."""
    place = beside(figure, *(points(figure, it) for it in TELEVISION_M))
    programmes = []

    def shown(frame):
        at = frame / figure.fps
        while not programmes or programmes[-1][0] <= at:
            start = programmes[-1][0] if programmes else 0.0
            kind = (landscape, shapes, writing)[random.integers(3)]
            programmes.append((start + random.uniform(2, 4), kind(place.width, place.height, random)))
        programme = next(it for end, it in programmes if at < end)
        picture = figure.room.copy()
        place.draw(picture, framed(programme(at), MONITOR, 3))
        return picture

    return shown


def texture(width, height, random):
    """Noise of several scales, 0 to 1."""
    sum_of_all = np.zeros((height, width), np.float32)
    for cells in (3, 6, 12, 24):
        coarse = random.random((cells, 2 * cells)).astype(np.float32)
        sum_of_all += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / cells
    return cv2.normalize(sum_of_all, None, 0, 1, cv2.NORM_MINMAX)


def landscape(width, height, random):
    wide = texture(3 * width, height, random)[..., None]
    ground, sky = random.uniform(20, 140, 3), random.uniform(140, 250, 3)
    rows = np.linspace(0, 1, height)[:, None, None]
    colours = np.where(wide * 0.6 + rows * 0.7 > 0.65, ground * (0.6 + 0.6 * wide), sky * (0.7 + 0.3 * wide))
    wide, speed = np.clip(colours, 0, 255).astype(np.uint8), random.uniform(0.2, 0.6)

    def shown(at):
        left = int(speed * at * width) % (2 * width)
        return wide[:, left : left + width]

    return shown


def shapes(width, height, random):
    ground = random.uniform(0, 255, 3)
    things = [(random.uniform(0, 255, 3), random.uniform(0.1, 0.4), *random.uniform(0.3, 2, 3)) for _ in range(5)]

    def shown(at):
        picture = np.full((height, width, 3), ground, np.uint8)
        for colour, size, fast, faster, turning in things:
            middle = (width * (0.5 + 0.45 * np.sin(fast * at)), height * (0.5 + 0.45 * np.cos(faster * at)))
            corners = cv2.boxPoints((middle, (size * width, size * height), turning * at * 57))
            cv2.fillPoly(picture, [corners.astype(np.int32)], colour.tolist())
        return picture

    return shown


def writing(width, height, random):
    page = np.full((4 * height, width, 3), random.uniform(180, 255), np.uint8)
    row = 4
    while row < len(page) - 8:
        left = 6
        while left < width - 20:
            word = int(random.uniform(4, 22))
            page[row : row + 3, left : left + word] = random.uniform(0, 90)
            left += word + 4
        row += 7

    def shown(at):
        top = int(25 * at) % (3 * height)
        return page[top : top + height]

    return shown


def curtain(figure, _others, random):
    """A curtain over a third of the picture, whose folds a draught moves."""
    width, height = figure.size
    broad = width // 3
    hidden = np.mean(figure.alphas, axis=0).sum(axis=0)
    left = 0 if hidden[:broad].sum() < hidden[-broad:].sum() else width - broad
    x, y = np.meshgrid(np.linspace(0, 1, broad), np.linspace(0, 1, height))
    colour = random.uniform(110, 190, 3)
    phases, speeds = random.uniform(0, 6.3, 4), 2 * np.pi / np.array((4.7, 3.1, 6.3, 2.3))

    def shown(frame):
        sways = [np.sin(speed * frame / figure.fps + phase) for speed, phase in zip(speeds, phases, strict=True)]
        moved = x + y * (0.05 * sways[0] + 0.03 * sways[1]) + 0.02 * y * np.sin(9 * y + 3 * sways[2])
        folds = np.sin(2 * np.pi * 6 * moved + sways[3] * y) * 0.6 + np.sin(2 * np.pi * 14 * moved) * 0.4
        picture = figure.room.copy()
        picture[:, left : left + broad] = np.clip(colour * (0.8 + 0.2 * folds[..., None]), 0, 255)
        return picture

    return shown


def fan(figure, _others, _random):
    """A fan that turns and looks from side to side."""
    across = points(figure, FAN_M)
    place = beside(figure, across + across // 2, across)
    blades, turns, exposures = 3, 3.3, 6

    def shown(frame):
        picture = figure.room.copy()
        blurred = np.zeros((place.height, place.width, 3), np.float32)
        for part in range(exposures):
            at = (frame + 0.5 * part / exposures) / figure.fps
            layer = np.ascontiguousarray(
                picture[place.top : place.top + place.height, place.left : place.left + place.width]
            )
            aside = np.sin(2 * np.pi * at / 8)
            middle = (int(place.width / 2 + aside * across / 5), place.height // 2)
            radius = (int(across / 2 * (1 - 0.15 * abs(aside))), across // 2 - 1)
            for blade in range(blades):
                from_angle = 360 * (turns * at + blade / blades)
                cv2.ellipse(layer, middle, radius, 0, from_angle, from_angle + 55, (205, 200, 190), -1, cv2.LINE_AA)
            cv2.ellipse(layer, middle, radius, 0, 0, 360, (60, 60, 60), 2, cv2.LINE_AA)
            cv2.circle(layer, middle, across // 9, (50, 50, 50), -1, cv2.LINE_AA)
            blurred += layer
        place.draw(picture, (blurred / exposures).astype(np.uint8))
        return picture

    return shown


def face_on_screen(figure, others, _random):
    """A monitor that shows somebody of another recording, who talks and moves, as in a video call."""
    place = beside(figure, *(points(figure, it) for it in MONITOR_M))
    caller = others[0]

    def shown(frame):
        at = caller.at(int(frame / figure.fps * caller.fps))
        portrait = caller.portrait(at, 0.62, place.width / place.height)
        picture = figure.room.copy()
        place.draw(picture, framed(fit(portrait, place), MONITOR, 3))
        return picture

    return shown


def poster(head_m):
    """A print of somebody of another recording, with a head so high."""

    def scene(figure, others, _random):
        height = points(figure, head_m / 0.5)
        place = beside(figure, round(height * 0.75), height)
        portrait = others[0].portrait(others[0].in_place(), 0.5, place.width / place.height)
        picture = figure.room.copy()
        place.draw(picture, framed(fit(portrait, place), 245, max(2, place.width // 30)))
        return lambda _frame: picture

    return scene


def fit(portrait, place):
    """As large as fits, between black bars where it is narrower."""
    high, wide = portrait.shape[:2]
    scale = min(place.width / wide, place.height / high)
    size = (round(wide * scale), round(high * scale))
    drawn = cv2.resize(portrait, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    picture = np.zeros((place.height, place.width, 3), np.uint8)
    left, top = (place.width - size[0]) // 2, (place.height - size[1]) // 2
    picture[top : top + size[1], left : left + size[0]] = drawn
    return picture


def table(figure, top):
    """A table top from this row down, behind which somebody sits."""
    width, height = figure.size
    grain = np.sin(np.linspace(0, 40, height - top))[:, None, None] * 3
    wood = np.array((60, 95, 135)) * np.linspace(0.8, 1.05, height - top)[:, None, None] + grain
    return np.broadcast_to(np.clip(wood, 0, 255), (height - top, width, 3)).astype(np.uint8)
