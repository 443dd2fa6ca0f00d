"""What comes from outside by chance never breaks, blocks or loses anything."""

from tests.benchmarks.fuzz import bring


def test_strange_links_messages_and_files_change_no_more_than_they_say() -> None:
    outcome = bring(1500, seed=1)
    assert {what for _, what in outcome} == {"held"}
