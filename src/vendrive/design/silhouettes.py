"""What each car looks like from the side, in numbers: approximate public dimensions and body proportions.

Lengths are millimetres. `Profile` positions are shares of the length (from the nose) and of the height (from the
ground); angles are degrees of the outline's tangent, positive upwards, travelling from nose to tail.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

Body = Literal["sedan", "fastback", "hatchback", "suv", "suv-coupe", "coupe", "estate", "pickup", "van", "minivan"]
Lamp = Literal["blade", "bar", "hammer", "triple", "split"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The outline above the sill, as nodes from nose to tail."""

    bonnet: tuple[float, float] = (0.055, 0.545)
    cowl: tuple[float, float] = (0.295, 0.665)
    screen_top: tuple[float, float] = (0.45, 0.965)
    peak: float = 0.535
    roof_end: tuple[float, float] = (0.70, 0.945)
    roof_end_angle: float = -13
    deck: tuple[float, float] = (0.885, 0.725)
    deck_angles: tuple[float, float] = (-20, -3)
    tail: tuple[float, float] = (0.982, 0.70)
    nose_height: float = 0.37
    tail_height: float = 0.47
    belt: tuple[float, float] = (0.625, 0.665)
    glass_end: tuple[float, float] = (0.80, 0.70)
    """Where the side glass ends: at the belt and at the roof."""


@dataclass(frozen=True)
class Car:
    name: str
    body: Body
    length_mm: int
    height_mm: int
    wheelbase_mm: int
    front_overhang_mm: int
    wheel_mm: int = 690
    clearance_mm: int = 150
    doors: Literal[2, 4] = 4
    spokes: int = 5
    lamp: Lamp = "blade"
    cladding: bool = False
    black_roof: bool = False
    rails: bool = False
    rear_glass: bool = True
    profile: Profile = field(default_factory=Profile)


SEDAN = Profile()
FASTBACK = Profile(
    cowl=(0.265, 0.665),
    screen_top=(0.43, 0.965),
    peak=0.515,
    roof_end=(0.70, 0.93),
    roof_end_angle=-15,
    deck=(0.925, 0.735),
    deck_angles=(-17, -4),
    tail=(0.985, 0.725),
    glass_end=(0.845, 0.735),
)
COUPE = Profile(
    bonnet=(0.05, 0.585),
    cowl=(0.355, 0.715),
    screen_top=(0.485, 0.965),
    peak=0.555,
    roof_end=(0.66, 0.955),
    roof_end_angle=-14,
    deck=(0.865, 0.755),
    deck_angles=(-16, -4),
    tail=(0.98, 0.725),
    nose_height=0.40,
    belt=(0.675, 0.725),
    glass_end=(0.745, 0.67),
)
SUV = Profile(
    bonnet=(0.05, 0.56),
    cowl=(0.275, 0.665),
    screen_top=(0.405, 0.955),
    peak=0.53,
    roof_end=(0.90, 0.945),
    roof_end_angle=-9,
    deck=(0.965, 0.68),
    deck_angles=(-58, -62),
    tail=(0.982, 0.62),
    nose_height=0.40,
    tail_height=0.42,
    belt=(0.615, 0.66),
    glass_end=(0.905, 0.85),
)
SUV_COUPE = replace(
    SUV,
    roof_end=(0.79, 0.93),
    roof_end_angle=-14,
    deck=(0.945, 0.71),
    deck_angles=(-27, -20),
    tail=(0.985, 0.66),
    glass_end=(0.865, 0.765),
)
HATCHBACK = replace(
    SUV,
    cowl=(0.25, 0.67),
    screen_top=(0.39, 0.955),
    roof_end=(0.875, 0.945),
    deck=(0.96, 0.68),
    deck_angles=(-52, -58),
    glass_end=(0.875, 0.82),
)
ESTATE = replace(
    SEDAN,
    roof_end=(0.88, 0.935),
    roof_end_angle=-9,
    deck=(0.96, 0.69),
    deck_angles=(-48, -55),
    tail=(0.98, 0.64),
    glass_end=(0.895, 0.835),
)
PICKUP = replace(
    SUV,
    roof_end=(0.60, 0.965),
    roof_end_angle=-10,
    deck=(0.665, 0.62),
    deck_angles=(-80, 0),
    tail=(0.99, 0.615),
    glass_end=(0.635, 0.60),
)

CARS: dict[str, Car] = {
    "ford-mustang-mach-e": Car(
        name="Ford Mustang Mach-E",
        body="suv-coupe",
        length_mm=4730,
        height_mm=1620,
        wheelbase_mm=2984,
        front_overhang_mm=860,
        wheel_mm=735,
        clearance_mm=165,
        lamp="triple",
        cladding=True,
        profile=replace(
            SUV_COUPE,
            bonnet=(0.05, 0.565),
            cowl=(0.29, 0.68),
            screen_top=(0.43, 0.955),
            roof_end=(0.76, 0.925),
            deck=(0.935, 0.72),
            belt=(0.625, 0.68),
            glass_end=(0.835, 0.755),
        ),
    ),
    "ford-edge": Car(
        name="Ford Edge",
        body="suv",
        length_mm=4880,
        height_mm=1735,
        wheelbase_mm=2850,
        front_overhang_mm=945,
        wheel_mm=745,
        clearance_mm=195,
        lamp="bar",
        cladding=True,
        rails=True,
        profile=replace(SUV, bonnet=(0.04, 0.585), cowl=(0.285, 0.68), screen_top=(0.42, 0.955), roof_end=(0.89, 0.94)),
    ),
    "ford-mondeo": Car(
        name="Ford Mondeo",
        body="sedan",
        length_mm=4935,
        height_mm=1500,
        wheelbase_mm=2945,
        front_overhang_mm=930,
        wheel_mm=690,
        lamp="bar",
        profile=replace(SEDAN, roof_end=(0.71, 0.935), deck=(0.905, 0.725), deck_angles=(-18, -3)),
    ),
    "ford-mustang": Car(
        name="Ford Mustang",
        body="coupe",
        length_mm=4810,
        height_mm=1397,
        wheelbase_mm=2720,
        front_overhang_mm=880,
        wheel_mm=700,
        clearance_mm=135,
        doors=2,
        lamp="triple",
        spokes=10,
        profile=COUPE,
    ),
    "volvo-ex30": Car(
        name="Volvo EX30",
        body="hatchback",
        length_mm=4233,
        height_mm=1550,
        wheelbase_mm=2650,
        front_overhang_mm=800,
        wheel_mm=700,
        clearance_mm=175,
        lamp="hammer",
        cladding=True,
        black_roof=True,
        profile=replace(HATCHBACK, nose_height=0.44, bonnet=(0.045, 0.60)),
    ),
    "volvo-xc60": Car(
        name="Volvo XC60",
        body="suv",
        length_mm=4708,
        height_mm=1660,
        wheelbase_mm=2865,
        front_overhang_mm=875,
        wheel_mm=735,
        clearance_mm=205,
        lamp="hammer",
        cladding=True,
        rails=True,
        profile=replace(
            SUV,
            bonnet=(0.045, 0.59),
            cowl=(0.305, 0.68),
            screen_top=(0.43, 0.955),
            roof_end=(0.885, 0.945),
            deck=(0.955, 0.70),
            deck_angles=(-48, -66),
        ),
    ),
    "polestar-2": Car(
        name="Polestar 2",
        body="fastback",
        length_mm=4606,
        height_mm=1479,
        wheelbase_mm=2735,
        front_overhang_mm=885,
        wheel_mm=700,
        clearance_mm=155,
        lamp="hammer",
        spokes=8,
        profile=replace(
            FASTBACK,
            bonnet=(0.05, 0.60),
            cowl=(0.305, 0.70),
            screen_top=(0.45, 0.965),
            roof_end=(0.72, 0.935),
            deck=(0.925, 0.765),
            tail=(0.978, 0.74),
            belt=(0.66, 0.70),
            glass_end=(0.835, 0.74),
            nose_height=0.42,
        ),
    ),
    "polestar-4": Car(
        name="Polestar 4",
        body="suv-coupe",
        length_mm=4840,
        height_mm=1534,
        wheelbase_mm=2999,
        front_overhang_mm=880,
        wheel_mm=740,
        clearance_mm=165,
        lamp="split",
        spokes=8,
        rear_glass=False,
        profile=replace(
            SUV_COUPE,
            bonnet=(0.055, 0.55),
            cowl=(0.26, 0.655),
            screen_top=(0.42, 0.955),
            peak=0.56,
            roof_end=(0.80, 0.92),
            deck=(0.955, 0.735),
            deck_angles=(-22, -12),
            tail=(0.988, 0.70),
            belt=(0.62, 0.685),
            glass_end=(0.88, 0.765),
        ),
    ),
    "lynkco-01": Car(
        name="Lynk & Co 01",
        body="suv",
        length_mm=4549,
        height_mm=1689,
        wheelbase_mm=2734,
        front_overhang_mm=895,
        wheel_mm=720,
        clearance_mm=190,
        lamp="split",
        cladding=True,
        black_roof=True,
        rails=True,
        spokes=6,
        profile=replace(SUV, bonnet=(0.05, 0.605), cowl=(0.30, 0.685), roof_end=(0.885, 0.935), belt=(0.63, 0.69)),
    ),
    "lynkco-08": Car(
        name="Lynk & Co 08",
        body="suv",
        length_mm=4820,
        height_mm=1685,
        wheelbase_mm=2848,
        front_overhang_mm=930,
        wheel_mm=750,
        clearance_mm=180,
        lamp="split",
        spokes=10,
        profile=replace(
            SUV,
            bonnet=(0.06, 0.575),
            cowl=(0.27, 0.66),
            screen_top=(0.415, 0.955),
            roof_end=(0.87, 0.93),
            roof_end_angle=-11,
            deck=(0.96, 0.69),
            deck_angles=(-40, -55),
            glass_end=(0.885, 0.82),
        ),
    ),
    "byd-han": Car(
        name="BYD Han",
        body="sedan",
        length_mm=4995,
        height_mm=1495,
        wheelbase_mm=2920,
        front_overhang_mm=955,
        wheel_mm=705,
        lamp="bar",
        spokes=10,
        profile=replace(
            FASTBACK,
            cowl=(0.285, 0.665),
            screen_top=(0.445, 0.965),
            roof_end=(0.70, 0.94),
            deck=(0.90, 0.735),
            deck_angles=(-19, -2),
            glass_end=(0.825, 0.72),
        ),
    ),
    "byd-seal": Car(
        name="BYD Seal",
        body="fastback",
        length_mm=4800,
        height_mm=1460,
        wheelbase_mm=2920,
        front_overhang_mm=885,
        wheel_mm=700,
        clearance_mm=140,
        lamp="blade",
        profile=replace(
            FASTBACK,
            bonnet=(0.06, 0.52),
            cowl=(0.24, 0.645),
            screen_top=(0.42, 0.96),
            deck=(0.935, 0.745),
            tail=(0.988, 0.745),
            deck_angles=(-18, 3),
        ),
    ),
}

VAN = replace(
    SUV,
    bonnet=(0.045, 0.47),
    cowl=(0.155, 0.60),
    screen_top=(0.275, 0.965),
    peak=0.36,
    roof_end=(0.955, 0.97),
    roof_end_angle=-3,
    deck=(0.985, 0.60),
    deck_angles=(-80, -84),
    tail=(0.990, 0.50),
    nose_height=0.33,
    belt=(0.58, 0.60),
    glass_end=(0.475, 0.45),
)
MINIVAN = replace(
    VAN,
    bonnet=(0.05, 0.52),
    cowl=(0.205, 0.63),
    screen_top=(0.355, 0.955),
    peak=0.50,
    roof_end=(0.93, 0.945),
    roof_end_angle=-7,
    deck=(0.975, 0.66),
    deck_angles=(-66, -72),
    tail=(0.988, 0.58),
    belt=(0.61, 0.645),
    glass_end=(0.92, 0.86),
)

BODIES: dict[str, Car] = {
    "sedan": Car("Sedan", "sedan", 4800, 1470, 2800, 920),
    "fastback": Car("Fastback", "fastback", 4750, 1440, 2850, 890, profile=FASTBACK),
    "hatchback": Car("Hatchback", "hatchback", 4150, 1510, 2580, 800, wheel_mm=650, profile=HATCHBACK),
    "suv": Car("SUV", "suv", 4700, 1720, 2780, 900, 745, 200, cladding=True, rails=True, profile=SUV),
    "suv-coupe": Car("SUV coupe", "suv-coupe", 4770, 1600, 2900, 880, 735, 170, cladding=True, profile=SUV_COUPE),
    "coupe": Car("Coupe", "coupe", 4560, 1340, 2650, 890, clearance_mm=130, doors=2, spokes=10, profile=COUPE),
    "convertible": Car(
        "Convertible", "coupe", 4500, 1330, 2620, 880, clearance_mm=130, doors=2, black_roof=True, profile=COUPE
    ),
    "estate": Car("Estate", "estate", 4700, 1490, 2780, 900, rails=True, profile=ESTATE),
    "pickup": Car("Pickup", "pickup", 5350, 1790, 3300, 950, 790, 220, doors=2, profile=PICKUP),
    "minivan": Car("Minivan", "minivan", 5080, 1740, 3000, 960, profile=MINIVAN),
    "van": Car("Van", "van", 5350, 1860, 3250, 930, clearance_mm=170, doors=2, spokes=6, profile=VAN),
}
"""Any car of a body type, for models that have no silhouette of their own."""
