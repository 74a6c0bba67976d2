"""Several people at once: one of them is first, the others are told, and trees stay trees."""

import threading

from sqlalchemy import select

from kbadmin.articles import categories, operations
from kbadmin.articles.categories import NoRoom
from kbadmin.articles.models import Article, Category
from kbadmin.articles.operations import ChangedMeanwhile, Wanted
from kbadmin.articles.writing import Direction, Gone
from kbadmin.database import db
from tests.articles.conftest import OLIVE
from tests.databases import both_databases

pytestmark = both_databases


def at_once(shelves, deeds):
    """Do all of these in threads of their own; answers what was raised, or nothing, for each."""
    barrier, raised = threading.Barrier(len(deeds)), [None] * len(deeds)

    def do(number, deed):
        barrier.wait()
        try:
            with shelves.writing():
                deed()
        except Exception as error:
            raised[number] = type(error)

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_many_who_save_over_the_same_revision_one_succeeds(shelves):
    article = shelves.article("Installing")

    def save(number):
        return lambda: operations.change(shelves.id, article, Wanted(f"By {number}"), revision=1, actor=OLIVE)

    raised = at_once(shelves, [save(number) for number in range(6)])
    assert sorted(raised, key=str).count(None) == 1
    assert raised.count(ChangedMeanwhile) == 5
    assert shelves.row(article).revision == 2


def test_two_categories_are_not_put_into_each_other(shelves):
    one, other = shelves.category("One"), shelves.category("Other")

    def put(moved, name, parent):
        return lambda: categories.change(shelves.id, moved, categories.Wanted(name, parent_id=parent), actor=OLIVE)

    raised = at_once(shelves, [put(one, "One", other), put(other, "Other", one)])
    assert sorted(raised, key=str) == [NoRoom, None]


def test_names_that_are_alike_get_slugs_of_their_own(shelves):
    deeds = [lambda: categories.create(shelves.id, categories.Wanted("Basics"), actor=OLIVE)] * 4
    deeds += [lambda: operations.create(shelves.id, Wanted("Installing"), actor=OLIVE)] * 4
    assert at_once(shelves, deeds) == [None] * 8
    with shelves.inside():
        assert sorted(db.session.scalars(select(Category.slug))) == ["basics", "basics-2", "basics-3", "basics-4"]
        assert sorted(db.session.scalars(select(Article.position))) == [0, 1, 2, 3]


def test_what_is_deleted_while_it_moves_is_gone(shelves):
    category = shelves.category("Basics")
    shelves.category("Last")
    raised = at_once(
        shelves,
        [
            lambda: categories.delete(shelves.id, category, actor=OLIVE),
            lambda: categories.move(shelves.id, category, Direction.DOWN, actor=OLIVE),
        ],
    )
    assert raised[0] is None
    assert raised[1] in (None, Gone)


def test_a_category_that_fills_up_is_not_deleted(shelves):
    category = shelves.category("Basics")
    at_once(
        shelves,
        [
            lambda: categories.delete(shelves.id, category, actor=OLIVE),
            lambda: operations.create(shelves.id, Wanted("In it", category_id=category), actor=OLIVE),
        ],
    )
    with shelves.inside():
        has_article = db.session.scalar(select(Article.id)) is not None
        assert has_article == (categories.find(shelves.id, category) is not None)


def test_whoever_comes_too_late_is_told(app, shelves):
    with app.test_request_context(f"{shelves.path}/articles"):
        app.preprocess_request()
        answer = app.make_response(app.handle_user_exception(Gone("x")))
    assert answer.status_code == 409
    assert "Somebody else changed it" in answer.get_data(as_text=True)
