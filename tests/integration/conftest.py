from house_fixtures import database, house, lasting_house, library, screen

__all__ = ["database", "house", "lasting_house", "library", "screen"]
