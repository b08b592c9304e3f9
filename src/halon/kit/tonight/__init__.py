"""What is sound in a kit and would still go wrong tonight: findings, worst first, each with its fix."""

from halon.kit.tonight.all import items, ranked, tonight
from halon.kit.tonight.finding import ITEMS, RANKS, Finding, Item, Rank
from halon.kit.tonight.reach import reach

__all__ = ["ITEMS", "RANKS", "Finding", "Item", "Rank", "items", "ranked", "reach", "tonight"]
