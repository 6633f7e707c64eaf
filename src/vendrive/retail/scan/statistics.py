"""How well the scan does, from what people picked after it: recall by week, confusions, refusals, thin models."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.config import ports
from vendrive.retail.scan.car_model import model_card
from vendrive.retail.scan.models import KeptPhoto, KnownCar, Outcome, ReferenceView, Scan
from vendrive.retail.scan.references import SHIPPED

DAYS = 30
WEEKS = 12
ENOUGH_VIEWS = 5
MOST_CONFUSIONS = 8
FIVE = 5


@dataclass(frozen=True)
class Week:
    """Picks of a week that begins on Monday `start` (UTC); of them right at first place, and among the first five."""

    start: date
    picks: int
    first: int
    five: int


@dataclass(frozen=True)
class Day:
    """How many scans of a day (UTC) ended in each outcome."""

    day: date
    counts: dict[str, int]


@dataclass(frozen=True)
class Confusion:
    """How often `shown` stood first and people said that it was `said`."""

    shown: KnownCar
    said: KnownCar
    times: int


@dataclass(frozen=True)
class ModelViews:
    """A model of the catalogue and how many reference views it has."""

    model: VehicleModel
    views: int

    @property
    def enough(self) -> bool:
        """Whether photos can be expected to find it."""
        return self.views >= ENOUGH_VIEWS


@dataclass(frozen=True)
class Figures:
    """The last thirty days in a few numbers; shares are None where nothing was answered."""

    cars: int
    views: int
    stale: int
    scans: int
    answered: float | None
    first: float | None
    five: float | None
    kept: int
    pairs: int


def get_figures(weeks: Sequence[Week], days: Sequence[Day]) -> Figures:
    """Return the numbers above the plots."""
    found = sum(day.counts[Outcome.found] + day.counts[Outcome.unknown] for day in days)
    recent = _picked(ports().clock.now() - timedelta(days=DAYS))
    picks, first, five = _right(recent)
    card = model_card()
    views = ReferenceView.objects.all()
    stale = views.exclude(encoder=card.name).count() if card else 0
    return Figures(
        cars=KnownCar.objects.filter(views__isnull=False).distinct().count(),
        views=views.count() - stale,
        stale=stale,
        scans=sum(sum(day.counts.values()) for day in days),
        answered=picks / found if found else None,
        first=first / picks if picks else None,
        five=five / picks if picks else None,
        kept=KeptPhoto.objects.count(),
        pairs=KeptPhoto.objects.filter(scan__picked__isnull=False).count(),
    )


def list_weeks() -> Sequence[Week]:
    """Return the last twelve weeks, oldest first; weeks without a pick are there, with zeros."""
    this = _monday(ports().clock.now().date())
    starts = [this - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    by_week: dict[date, list[Scan]] = defaultdict(list)
    for scan in _picked(ports().clock.now() - timedelta(weeks=WEEKS)):
        by_week[_monday(scan.at.date())].append(scan)
    return [Week(start, *_right(by_week[start])) for start in starts]


def list_days() -> Sequence[Day]:
    """Return the last thirty days, oldest first."""
    today = ports().clock.now().date()
    counted: dict[date, Counter[str]] = defaultdict(Counter)
    since = ports().clock.now() - timedelta(days=DAYS)
    for at, outcome in Scan.objects.filter(at__gt=since).values_list("at", "outcome"):
        counted[at.date()][outcome] += 1
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    return [Day(day, {name: counted[day][name] for name in Outcome.values}) for day in days]


def list_confusions() -> Sequence[Confusion]:
    """Return what is most often taken for what, in the last twelve weeks."""
    pairs = Counter(
        (scan.shown[0][0], scan.picked_id)
        for scan in _picked(ports().clock.now() - timedelta(weeks=WEEKS))
        if scan.picked_id and scan.shown[0][0] != scan.picked_id
    )
    cars = KnownCar.objects.select_related("model").in_bulk({slug for pair in pairs for slug in pair if slug})
    return [
        Confusion(cars[shown], cars[said], times)
        for (shown, said), times in pairs.most_common(MOST_CONFUSIONS)
        if shown in cars and said in cars
    ]


def list_refusals() -> Sequence[tuple[str, int]]:
    """Return why photos were refused in the last thirty days, most frequent first."""
    since = ports().clock.now() - timedelta(days=DAYS)
    refused = Scan.objects.filter(at__gt=since, outcome=Outcome.refused).values_list("problem")
    return list(refused.annotate(times=Count("id")).order_by("-times", "problem"))


def list_model_views() -> Sequence[ModelViews]:
    """Return the catalogue's models with the views that are searched, fewest first."""
    card = model_card()
    counted = Count("known_as__views", filter=Q(known_as__views__encoder=card.name if card else ""))
    models = VehicleModel.objects.annotate(view_count=counted).select_related("brand").prefetch_related("paints")
    ordered = models.order_by("view_count", "brand__position", "position")
    return [ModelViews(model, model.view_count) for model in ordered]


def list_views(model: VehicleModel) -> tuple[Sequence[ReferenceView], int]:
    """Return a model's views with a photo, oldest first, and how many came as vectors alone."""
    views = ReferenceView.objects.filter(car__model=model).order_by("added_at", "id")
    return list(views.exclude(added_by=SHIPPED)), views.filter(added_by=SHIPPED).count()


def _picked(since: datetime) -> Sequence[Scan]:
    answered = Q(picked__isnull=False) | Q(none_of_these=True)
    scans = Scan.objects.filter(answered, at__gt=since).exclude(shown=[])
    return list(scans.only("at", "shown", "picked_id", "none_of_these"))


def _right(scans: Sequence[Scan]) -> tuple[int, int, int]:
    """Return how many scans there are, and at how many what was picked stood first, and among the first five."""
    places = [_place(scan) for scan in scans]
    return len(scans), sum(place == 1 for place in places), sum(0 < place <= FIVE for place in places)


def _place(scan: Scan) -> int:
    """Return the place of the pick, from 1; 0 where it was none of those shown."""
    slugs = [slug for slug, _ in scan.shown]
    return slugs.index(scan.picked_id) + 1 if scan.picked_id in slugs else 0


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
