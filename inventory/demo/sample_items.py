"""The items of the sample warehouse, a workshop that builds and fills machines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleItem:
    """An item, and how it is received and stored."""

    code: str
    name: str
    unit: str = "pcs"
    decimals: int = 0
    qc: bool = False
    #: Quantity of a usual receipt.
    usual: int = 500
    #: Usable life of a lot in days; None if it does not expire.
    keeps: int | None = None
    aisle: str = "A"
    supplier: str = "WB"


def sample_items() -> list[SampleItem]:
    """Return all sample items."""
    return [
        *_fasteners(),
        *_bearings(),
        *_electronics(),
        *_material(),
        *_chemicals(),
        *_ingredients(),
    ]


def _fasteners() -> list[SampleItem]:
    bolts = [
        SampleItem(
            f"BOLT-M{size}X{length}", f"Hex bolt M{size} × {length}, 8.8 zinc-plated", usual=600)
        for size, lengths in (
            (4, (10, 16, 20, 30)), (5, (12, 16, 25, 40)), (6, (16, 20, 30, 50)),
            (8, (20, 25, 40, 60, 80)), (10, (25, 40, 60, 100)), (12, (30, 50, 80, 120)),
            (16, (40, 60, 100)),
        )
        for length in lengths
    ]  # fmt: skip
    socket = [
        SampleItem(
            f"SHCS-M{size}X{length}", f"Socket head cap screw M{size} × {length}, A2", usual=400
        )
        for size in (3, 4, 5, 6, 8)
        for length in (10, 16, 25, 40)
    ]
    rest = [
        SampleItem(f"{code}-M{size}", f"{name} M{size}", usual=1000)
        for code, name in (
            ("NUT", "Hex nut"),
            ("NUT-NYL", "Lock nut, nylon insert"),
            ("WASHER", "Flat washer"),
            ("SPRING-W", "Spring lock washer"),
        )
        for size in (3, 4, 5, 6, 8, 10, 12)
    ]
    pins = [
        SampleItem(f"DOWEL-{size}X{length}", f"Dowel pin {size} × {length}, ISO 8734", usual=300)
        for size in (3, 4, 5, 6, 8)
        for length in (10, 16, 24, 40)
    ]
    set_screws = [
        SampleItem(f"SET-M{size}X{length}", f"Set screw M{size} × {length}, cup point", usual=300)
        for size in (3, 4, 5, 6, 8)
        for length in (8, 12, 20, 30)
    ]
    return bolts + socket + rest + pins + set_screws


def _bearings() -> list[SampleItem]:
    bearings = [
        SampleItem(
            f"BRG-{size}-2RS", f"Ball bearing {size}-2RS", usual=60, aisle="B", supplier="BR"
        )
        for size in (608, 6000, 6001, 6002, 6003, 6004, 6200, 6201, 6202, 6203, 6204, 6205)
    ]
    rings = [
        SampleItem(f"ORING-{size}", f"O-ring {size.replace('X', ' × ')} mm, NBR 70", usual=250,
             aisle="B", supplier="BR")
        for size in ("6X1.5", "8X2", "10X2", "12X2", "16X2", "20X2.5", "25X3", "30X3", "40X3",
                     "50X3.5", "60X3.5")
    ]  # fmt: skip
    return bearings + rings


def _electronics() -> list[SampleItem]:
    resistors = [
        SampleItem(
            f"RES-{value}", f"Resistor {value}, 1 %, 0805", usual=5000, aisle="C", supplier="EL"
        )
        for value in ("10R", "47R", "100R", "330R", "1K", "4K7", "10K", "47K", "100K", "1M")
    ]
    capacitors = [
        SampleItem(
            f"CAP-{value}", f"Capacitor {value}, X7R, 0805", usual=4000, aisle="C", supplier="EL"
        )
        for value in ("10PF", "100PF", "1NF", "10NF", "100NF", "1UF", "10UF", "100UF")
    ]
    parts = [
        ("PSU-24V-5A", "Power supply 24 V 5 A, DIN rail", 40), ("PLC-S12", "Controller S12", 12),
        ("HMI-7", "Operator panel 7 inch", 10), ("RELAY-24", "Relay 24 V, 2 changeover", 120),
        ("SENS-IND-M12", "Inductive sensor M12", 80), ("SENS-TEMP-PT100", "Sensor PT100", 60),
        ("MOT-STEP-23", "Stepper motor NEMA 23", 30), ("DRV-STEP", "Stepper driver 48 V", 30),
        ("FAN-80", "Fan 80 mm 24 V", 90), ("FUSE-2A", "Fuse 2 A slow", 400),
        ("FUSE-10A", "Fuse 10 A slow", 400), ("TERM-2.5", "Terminal block 2.5 mm²", 800),
        ("TERM-PE", "Terminal block PE", 300), ("CONN-M12-4", "Connector M12, 4 pins", 150),
        ("CONN-RJ45", "Connector RJ45, shielded", 200), ("ESTOP-22", "Emergency stop 22 mm", 40),
        ("LAMP-22-GN", "Pilot lamp 22 mm green", 60), ("LAMP-22-RD", "Pilot lamp 22 mm red", 60),
        ("SWITCH-22", "Selector switch 22 mm", 60), ("BREAKER-B16", "Circuit breaker B16", 70),
    ]  # fmt: skip
    modules = [
        SampleItem(code, name, usual=usual, qc=usual <= 40, aisle="D", supplier="EL")
        for code, name, usual in parts
    ]
    return resistors + capacitors + modules


def _material() -> list[SampleItem]:
    cables = [
        SampleItem(
            f"CABLE-{size}",
            f"Control cable {size.replace('X', ' × ')} mm²",
            "m",
            1,
            usual=300,
            aisle="E",
            supplier="KB",
        )
        for size in ("2X0.5", "3X1.5", "4X0.75", "5X2.5", "7X1.5", "12X0.75")
    ]
    bars = [
        SampleItem(
            f"BAR-{grade}-{size}",
            f"Round bar {grade}, ⌀ {size} mm",
            "m",
            2,
            True,
            60,
            aisle="F",
            supplier="ST",
        )
        for grade in ("S235", "C45", "1.4301")
        for size in (10, 16, 25, 40, 60)
    ]
    sheets = [
        SampleItem(
            f"SHEET-{grade}-{thick}",
            f"Sheet {grade}, {thick} mm",
            "kg",
            1,
            True,
            450,
            aisle="F",
            supplier="ST",
        )
        for grade in ("DC01", "1.4301", "ALMG3")
        for thick in ("1.0", "1.5", "2.0", "3.0")
    ]
    tubes = [
        SampleItem(
            f"TUBE-{size}",
            f"Square tube {size.replace('X', ' × ')} mm",
            "m",
            2,
            usual=90,
            aisle="F",
            supplier="ST",
        )
        for size in ("20X20X2", "30X30X2", "40X40X3", "60X40X3", "80X80X4")
    ]
    return cables + bars + sheets + tubes


def _chemicals() -> list[SampleItem]:
    rows = [
        ("LOCK-243", "Thread locker, medium, 50 ml", "pcs", 0, 24, 540),
        ("LOCK-270", "Thread locker, strong, 50 ml", "pcs", 0, 24, 540),
        ("SEAL-RTV", "Silicone sealant, red, 310 ml", "pcs", 0, 48, 360),
        ("EPOXY-2K", "Epoxy adhesive, two parts", "kg", 2, 20, 270),
        ("HARDENER-H4", "Hardener H4", "kg", 2, 12, 180),
        ("OIL-HLP46", "Hydraulic oil HLP 46", "l", 1, 205, 1095),
        ("OIL-CUT", "Cutting oil", "l", 1, 60, 730),
        ("GREASE-EP2", "Grease EP 2", "kg", 1, 50, 900),
        ("COOLANT-B", "Coolant concentrate B", "l", 1, 200, 365),
        ("CLEAN-IPA", "Isopropanol 99.9 %", "l", 1, 60, 720),
        ("CLEAN-BRK", "Brake cleaner, 500 ml", "pcs", 0, 96, 720),
        ("PRIMER-EP", "Epoxy primer, grey", "l", 1, 40, 210),
        ("PAINT-7035", "Top coat RAL 7035", "l", 1, 50, 210),
        ("PAINT-5010", "Top coat RAL 5010", "l", 1, 25, 210),
        ("THINNER-U", "Thinner, universal", "l", 1, 60, 600),
        ("FLUX-NC", "Flux, no-clean", "l", 2, 5, 240),
        ("PASTE-SAC", "Solder paste SAC305", "kg", 3, 2, 150),
    ]  # fmt: skip
    return [
        SampleItem(
            code,
            name,
            unit,
            decimals,
            code.startswith(("EPOXY", "HARD", "PASTE", "PRIMER")),
            usual,
            keeps,
            "G",
            "CH",
        )
        for code, name, unit, decimals, usual, keeps in rows
    ]


def _ingredients() -> list[SampleItem]:
    rows = [
        ("SUGAR-FINE", "Sugar, fine", 800, 540), ("CITRIC", "Citric acid, food grade", 125, 720),
        ("ASCORBIC", "Ascorbic acid", 25, 365), ("PECTIN-HM", "Pectin HM", 50, 300),
        ("SALT-FINE", "Salt, fine", 500, 1500), ("GLUCOSE", "Glucose syrup", 290, 240),
        ("STARCH-M", "Modified starch", 200, 400), ("XANTHAN", "Xanthan gum", 25, 600),
        ("FLAV-LEM", "Lemon flavour", 20, 180), ("FLAV-RASP", "Raspberry flavour", 20, 180),
        ("FLAV-VAN", "Vanilla flavour", 20, 210), ("COLOR-BEET", "Beetroot red", 10, 120),
        ("JUICE-APP", "Apple juice concentrate", 250, 90),
        ("JUICE-ORA", "Orange concentrate", 250, 90),
        ("MILK-PWD", "Skimmed milk powder", 400, 365),
        ("COCOA-20", "Cocoa powder 20–22 %", 300, 500),
        ("YEAST-D", "Dry yeast", 40, 300), ("CALC-LAC", "Calcium lactate", 25, 500),
    ]  # fmt: skip
    return [
        SampleItem(code, name, "kg", 3, True, usual, keeps, "H", "FD")
        for code, name, usual, keeps in rows
    ]
