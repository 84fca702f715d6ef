"""Rows without a number wait and count for nothing, are offered to a person, and enter by a decision that stays."""

import random
from decimal import Decimal

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.linkage import kept
from goodstanding.linkage.columns import Columns, Field, prepared
from goodstanding.linkage.models import write_model
from goodstanding.linkage.training import train
from goodstanding.register.deliveries import inforce, likeness, rereading, reviewing, unlinked
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.deliveries.drawing import draw_samples, unit
from goodstanding.register.ledger.grounds import weight_of
from goodstanding.register.ledger.pausing import judge
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.quality import measure
from goodstanding.register.ledger.sampled import answer, to_be_read
from goodstanding.register.proving.verification import verify
from goodstanding.register.standings.scoring import score
from goodstanding.register.store import schema
from tests.register.conftest import RECEIVED, current_state, inspection

COLUMNS = Columns(
    key="key",
    fields=(
        Field(column="name", role="organisation"),
        Field(column="born", role="date"),
        Field(column="place", role="place"),
    ),
)
_PARTS = ("ba", "ke", "lo", "mi", "nu", "ra", "si", "to", "ve", "wo", "za", "fer", "gal", "hol", "jun", "pel")
_TRADES = ("Bakery", "Kitchen", "Tavern", "Dairy", "Grill")
_TOWNS = ("Delft", "Gouda", "Leiden", "Breda", "Zwolle", "Assen", "Meppel", "Tiel")


def names(count, seed):
    draw = random.Random(seed)

    def word():
        return "".join(draw.choice(_PARTS) for _ in range(3)).title()

    return [f"{word()} {word()} {draw.choice(_TRADES)}" for _ in range(count)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of names of restaurants, some of them mistyped, most of them in both tables."""
    draw = random.Random(5)

    def slipped(cell):
        return cell.replace(draw.choice(cell[2:6]), draw.choice("aeiou"), 1) if draw.random() < 0.2 else cell

    def table(rows, first):
        return prepared(pl.DataFrame([one | {"key": f"{first}{n}"} for n, one in enumerate(rows)]), COLUMNS)

    rows = [
        {"name": name, "born": f"{draw.randrange(1950, 2020)}-0{draw.randrange(1, 9)}-11", "place": draw.choice(_TOWNS)}
        for name in names(700, 1)
    ]
    again = [one | {"name": slipped(one["name"]), "place": slipped(one["place"])} for one in rows[:500]]
    model = train(table(rows, "a"), table(again, "b"), COLUMNS, {"rows": 700})
    path = tmp_path_factory.mktemp("model") / "restaurants"
    write_model(model, path)
    return path


KNOWN = names(60, 9)


def known(number, document, **rest):
    return inspection(f"gb.company:{1000 + number:08}", document, **rest) | {"name": KNOWN[number]}


def unnumbered(name, document, **rest):
    return inspection("1", document, **rest) | {"subject": "", "name": name}


@pytest.fixture
def stocked(real, file, monkeypatch):
    """A register of sixty restaurants, each with an inspection; no lot falls on a decision, as chance would have it."""
    monkeypatch.setattr(rereading, "ONE_IN", 1 << 64)
    path = file(*[known(number, f"I-{number}") for number in range(60)])
    assert deliver(real, "gb.fsa", path, RECEIVED).accepted == 60
    return real


def tally(register, table):
    with register.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_row_without_a_number_waits_and_its_source_is_told(stocked, file) -> None:
    done = deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1"), unnumbered("", "W-2")), RECEIVED)
    assert (done.accepted, done.refused) == (0, 2)
    said = dict(done.refusals.select("row", "expected").iter_rows())
    assert said[1].startswith("a number; the row waits until a person has found whom it is about")
    assert said[2] == "a value"
    (one,) = reviewing.waiting(stocked)
    assert (one.case.document, one.case.cells["name"], one.candidates) == ("W-1", KNOWN[3], ())
    assert tally(stocked, schema.record) == 60
    assert verify(stocked) == []


def test_what_may_be_about_a_person_never_waits(synthetic, file) -> None:
    row = {"subject": "", "name": "Li Xue", "kind": "contract.default", "act": "2026-03-01", "document": "D-1"}
    done = deliver(synthetic, "city.court", file(row | {"authority": "court", "basis": "the law"}), RECEIVED)
    assert done.refusals["expected"].to_list() == ["a value"]
    assert reviewing.waiting(synthetic) == []


def test_a_row_with_another_fault_does_not_wait(stocked, file) -> None:
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1", hygiene="7")), RECEIVED)
    assert reviewing.waiting(stocked) == []


def test_candidates_come_with_their_weight_and_nothing_is_linked_below_the_threshold(stocked, file, folder) -> None:
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    otherwise = KNOWN[3].upper() + " Ltd."
    deliver(stocked, "gb.fsa", file(unnumbered(otherwise, "W-1"), unnumbered("Zq Xx Yy", "W-2")), RECEIVED)
    assert reviewing.find(stocked) == (1, 0)
    first, second = reviewing.waiting(stocked)
    best = first.candidates[0]
    with stocked.engine.connect() as connection:
        query = sa.select(schema.subject.c.name).where(schema.subject.c.id == best.subject_id)
        assert connection.execute(query).scalar_one() == KNOWN[3]
    assert second.candidates == ()
    spoken = likeness.spoken(stocked, _given(stocked), first.case, best.subject_id)
    assert abs(weight_of(spoken) - best.weight) <= Decimal("0.01")
    assert tally(stocked, schema.record) == 60
    assert reviewing.find(stocked) == (1, 0)
    assert tally(stocked, schema.candidate) == len(first.candidates)
    assert verify(stocked) == []


def _given(register):
    with register.engine.connect() as connection:
        return inforce.in_force(connection).of("gb.fsa")


def by_keys(register, one):
    """Whom the keys of the model find for a case, without the look-up."""
    using = _given(register)
    with register.engine.connect() as connection:
        model = inforce.model_of(connection, using)
        folder = likeness._kept(connection, model, likeness.nothing)
    return kept.linked(folder, likeness.forms(model, [one.case]), likeness.LEAST)["left"].to_list()


def slip(name):
    """A name with one letter of each of its first two words written wrongly."""
    first, second, trade = name.split()
    return f"{first[:2]}x{first[3:]} {second[:2]}q{second[3:]} {trade}"


def identified(register, one):
    with register.engine.connect() as connection:
        named = dict(map(tuple, connection.execute(sa.select(schema.subject.c.id, schema.subject.c.identifier))))
    return [(named[some.subject_id], some.weight) for some in one.candidates]


def test_slips_in_a_name_alone_that_share_no_key_are_found_by_the_look_up_and_weighed(stocked, file, folder) -> None:
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(slip(KNOWN[7]), "W-1")), RECEIVED)
    reviewing.find(stocked)
    (one,) = reviewing.waiting(stocked)
    assert identified(stocked, one)[0][0] == "gb.company:00001007"
    best = one.candidates[0]
    assert str(best.subject_id) not in by_keys(stocked, one)
    spoken = likeness.spoken(stocked, _given(stocked), one.case, best.subject_id)
    assert abs(weight_of(spoken) - best.weight) <= Decimal("0.01")
    assert verify(stocked) == []


def test_what_the_look_up_found_is_linked_only_far_enough_ahead_of_what_the_keys_found(stocked, file, folder) -> None:
    first, *rest = KNOWN[7].split()
    name = " ".join([f"{first[:2]}x{first[3:]}", *rest])
    deliver(stocked, "gb.fsa", file(inspection("gb.company:00003007", "T-1") | {"name": name}), RECEIVED)
    inforce.give(stocked, folder, Decimal(-9), Decimal(1000), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(name, "W-1")), RECEIVED)
    assert reviewing.find(stocked) == (1, 0)
    (one,) = reviewing.waiting(stocked)
    assert {who for who, _ in identified(stocked, one)[:2]} == {"gb.company:00003007", "gb.company:00001007"}
    (met,) = by_keys(stocked, one)
    assert met in [str(some.subject_id) for some in one.candidates[:2]]
    ahead = one.candidates[0].weight - one.candidates[1].weight
    inforce.give(stocked, folder, Decimal(-9), ahead + Decimal("0.001"), "A. Jansen")
    assert reviewing.find(stocked) == (1, 0)
    inforce.give(stocked, folder, Decimal(-9), ahead, "A. Jansen")
    assert reviewing.find(stocked) == (1, 1)


def test_two_that_weigh_the_same_wait_for_a_person_whatever_the_margin(stocked, file, folder) -> None:
    deliver(stocked, "gb.fsa", file(inspection("gb.company:00003007", "T-1") | {"name": KNOWN[7]}), RECEIVED)
    inforce.give(stocked, folder, Decimal(-9), Decimal(0), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[7], "W-1")), RECEIVED)
    assert reviewing.find(stocked) == (1, 0)


def test_a_model_for_a_source_goes_before_that_for_all_others_whenever_each_was_given(stocked, file, folder) -> None:
    own = inforce.give(stocked, folder, Decimal(1000), Decimal(3), "B. Smit", "gb.fsa")
    general = inforce.give(stocked, folder, Decimal("0.25"), Decimal(3), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1")), RECEIVED)
    assert reviewing.find(stocked) == (1, 0)
    (one,) = reviewing.waiting(stocked)
    assert one.using == own
    with stocked.engine.connect() as connection:
        force = inforce.in_force(connection)
    assert (force.of("gb.fsa"), force.of("another")) == (own, general)
    assert own.learned["rows"] == 700
    inforce.give(stocked, folder, Decimal("0.25"), Decimal(3), "B. Smit", "gb.fsa")
    assert reviewing.find(stocked) == (1, 1)
    assert verify(stocked) == []
    with pytest.raises(InputError, match=r"source gb\.other: this register has no such source"):
        inforce.give(stocked, folder, Decimal(1), Decimal(3), "B. Smit", "gb.other")


def test_a_model_for_another_source_finds_nothing(stocked, file, folder) -> None:
    force = inforce.InForce({"another": inforce.give(stocked, folder, Decimal(1), Decimal(3), "B. Smit")})
    assert force.of("gb.fsa") is None


def test_what_was_looked_for_is_looked_for_again_only_among_subjects_that_came_since(stocked, file, folder) -> None:
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1")), RECEIVED)
    assert [one.sought for one in reviewing.waiting(stocked)] == [False]
    reviewing.find(stocked)
    assert [one.sought for one in reviewing.waiting(stocked)] == [True]
    reviewing.find(stocked)
    assert tally(stocked, schema.search) == 1
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[4], "W-2")), RECEIVED)
    assert [one.sought for one in reviewing.waiting(stocked)] == [True, False]
    reviewing.find(stocked)
    assert tally(stocked, schema.search) == 2
    twin = inspection("gb.company:00003003", "T-1") | {"name": KNOWN[3]}
    deliver(stocked, "gb.fsa", file(twin), RECEIVED)
    reviewing.find(stocked)
    first, _ = reviewing.waiting(stocked)
    assert [who for who, _ in identified(stocked, first)][:2] == ["gb.company:00001003", "gb.company:00003003"]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(5)), looks=st.sets(st.integers(0, 4)))
def test_any_order_of_deliveries_and_searches_offers_the_same_candidates(
    real_dsn, postgres_folder, tmp_path_factory, folder, order, looks
) -> None:
    from goodstanding.register.store.database import open_register
    from tests.register.conftest import emptied

    register, place = open_register(real_dsn), tmp_path_factory.mktemp("order")
    alike = [inspection(f"gb.company:{4000 + n:08}", f"A-{n}") | {"name": KNOWN[7]} for n in range(12)]
    parts = [
        [known(number, f"I-{number}") for number in range(30)],
        [known(number, f"I-{number}") for number in range(30, 60)],
        alike[::-1],
        [unnumbered(slip(KNOWN[7]), "W-1")],
        [unnumbered(KNOWN[40], "W-2")],
    ]
    try:
        inforce.give(register, folder, Decimal(1000), Decimal(0), "A. Jansen")
        for turn, step in enumerate(order):
            path = place / f"{step}.csv"
            pl.DataFrame(parts[step]).write_csv(path)
            deliver(register, "gb.fsa", path, RECEIVED)
            if turn in looks:
                reviewing.find(register)
        reviewing.find(register)
        found = {one.case.document: identified(register, one) for one in reviewing.waiting(register)}
        assert len(found["W-1"]) == likeness.MOST
        assert found["W-2"][0][0] == "gb.company:00001040"
        _SEEN.setdefault("candidates", found)
        assert found == _SEEN["candidates"]
    finally:
        emptied(postgres_folder, register)
        register.engine.dispose()


def test_above_the_threshold_and_the_margin_no_person_is_asked(stocked, file, folder) -> None:
    inforce.give(stocked, folder, Decimal("0.25"), Decimal(3), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1")), RECEIVED)
    assert reviewing.find(stocked) == (1, 1)
    assert reviewing.waiting(stocked) == []
    with stocked.engine.connect() as connection:
        (told,) = connection.execute(sa.select(schema.link_decision)).all()
    assert (told.decision, told.by) == ("same", "register")
    assert "bits of 0.250 asked for" in told.reason
    assert told.evidence
    assert verify(stocked) == []


def test_a_decided_record_is_the_same_as_one_that_came_with_its_number(stocked, file, tmp_path) -> None:
    with_number = deliver(stocked, "gb.fsa", file(known(3, "W-1")), RECEIVED)
    expected = current_state(stocked)
    assert with_number.accepted == 1
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[4], "W-2")), RECEIVED)
    assert current_state(stocked) == expected
    reviewing.same(stocked, 1, "gb.company:00001004", "A. Jansen", "the same address")
    digests = {digest for _, digest in current_state(stocked)} - {digest for _, digest in expected}
    assert len(digests) == 1
    assert reviewing.waiting(stocked) == []
    with stocked.engine.connect() as connection:
        assert connection.execute(sa.select(schema.unlinked_content)).all() == []
    assert verify(stocked) == []
    with pytest.raises(InputError, match=r"case 1: was decided on .* by A. Jansen: same, the same address"):
        reviewing.same(stocked, 1, "gb.company:00001005", "B. Smit", "another")


def test_standings_follow_a_decision_and_its_undoing(stocked, file, food) -> None:
    load_policy(stocked, food)

    def grade():
        run = score(stocked, "uk-food-hygiene", stocked.today).number
        with stocked.engine.connect() as connection:
            query = sa.select(schema.standing.c.grade).join(
                schema.subject, schema.subject.c.id == schema.standing.c.subject_id
            )
            return connection.execute(
                query.where(schema.standing.c.run == run, schema.subject.c.identifier == "gb.company:00001004")
            ).scalar_one()

    deliver(stocked, "gb.fsa", file(known(5, "L-1")), stocked.today)  # so that it is not late
    before = grade()
    assert before is not None
    late = unnumbered(KNOWN[4], "W-2", hygiene="25", act="2026-05-01")
    deliver(stocked, "gb.fsa", file(late), stocked.today)
    assert grade() == before
    reviewing.same(stocked, 1, "gb.company:00001004", "A. Jansen", "the same address")
    assert grade() != before
    reviewing.undo(stocked, 1, "B. Smit", "another street")
    assert grade() == before
    assert verify(stocked) == []
    with pytest.raises(InputError, match="case 1: has no decision that could be undone"):
        reviewing.undo(stocked, 1, "B. Smit", "again")


def test_who_was_found_to_be_another_is_not_offered_again_and_cannot_be_chosen(stocked, file, folder) -> None:
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1")), RECEIVED)
    reviewing.find(stocked)
    reviewing.different(stocked, 1, "gb.company:00001003", "A. Jansen", "closed in 2010")
    inforce.give(stocked, folder, Decimal("0.25"), Decimal(0), "A. Jansen")
    reviewing.find(stocked)
    (one,) = reviewing.waiting(stocked)
    with stocked.engine.connect() as connection:
        query = sa.select(schema.subject.c.id).where(schema.subject.c.identifier == "gb.company:00001003")
        other = connection.execute(query).scalar_one()
    assert other not in [some.subject_id for some in one.candidates]
    with pytest.raises(InputError, match=r"found not to be about this subject, by A. Jansen: closed in 2010"):
        reviewing.same(stocked, 1, "gb.company:00001003", "B. Smit", "I think so")
    assert verify(stocked) == []


def test_a_new_organisation_is_enrolled_and_an_unfindable_row_ends(stocked, file) -> None:
    deliver(stocked, "gb.fsa", file(unnumbered("Quite New", "W-1"), unnumbered("Nobody", "W-2")), RECEIVED)
    reviewing.new(stocked, 1, "gb.company:00002001", "A. Jansen", "opened in May")
    with stocked.engine.connect() as connection:
        query = sa.select(schema.subject.c.name).where(schema.subject.c.identifier == "gb.company:00002001")
        assert connection.execute(query).scalar_one() == "Quite New"
    reviewing.refuse(stocked, 2, "A. Jansen", "cannot be found")
    assert reviewing.waiting(stocked) == []
    for wrong, match in (("gb.company:00001003", "was decided"), ("x", "was decided")):
        with pytest.raises(InputError, match=match):
            reviewing.new(stocked, 1, wrong, "A. Jansen", "y")
    assert verify(stocked) == []


def test_a_decision_that_the_ledger_cannot_take_leaves_the_case_as_it_was(stocked, file) -> None:
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[4], "I-5")), RECEIVED)
    with pytest.raises(InputError, match="case 1: its record cannot be taken in"):
        reviewing.same(stocked, 1, "gb.company:00001004", "A. Jansen", "the same address")
    assert len(reviewing.waiting(stocked)) == 1
    assert verify(stocked) == []


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE unlinked_content SET content = '{}'", "unlinked 1: what is stored is not what came"),
        ("DELETE FROM unlinked_content", "unlinked 1: what is stored is not what came"),
        ("UPDATE unlinked SET document = 'x'", "unlinked 1: is not what happened then"),
        ("UPDATE model SET threshold = 1", "model 1: is not what happened then"),
        ("UPDATE candidate SET weight = 99", "candidate 1/1/"),
        ("INSERT INTO unlinked_content VALUES (9, '')", "unlinked_content: has a row of unlinked 9"),
        ("UPDATE not_about SET by = 'x'", "not_about 1/"),
    ],
)
def test_what_waits_is_verified(stocked, file, folder, tamper, statement, says) -> None:
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    with stocked.engine.connect() as connection:
        number = connection.exec_driver_sql("SELECT max(number) FROM model").scalar_one()
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1")), RECEIVED)
    reviewing.find(stocked)
    reviewing.different(stocked, 1, "gb.company:00001009", "A. Jansen", "another street")
    tamper(stocked, statement)
    says = says.replace("model 1", f"model {number}").replace("candidate 1/1/", f"candidate 1/{number}/")
    assert any(problem.startswith(says) for problem in verify(stocked)), verify(stocked)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(6)))
def test_any_order_of_deliveries_and_decisions_ends_in_the_same_ledger(
    real_dsn, postgres_folder, tmp_path_factory, order
) -> None:
    from goodstanding.register.store.database import open_register
    from tests.register.conftest import emptied

    register, place = open_register(real_dsn), tmp_path_factory.mktemp("order")
    try:
        first = pl.DataFrame([known(number, f"I-{number}") for number in range(3)])
        first.write_csv(place / "first.csv")
        deliver(register, "gb.fsa", place / "first.csv", RECEIVED)
        for step in order:
            path = place / f"{step}.csv"
            rows = [unnumbered(KNOWN[step], f"W-{step}")] if step < 3 else [known(step - 3, f"K-{step}", hygiene="10")]
            pl.DataFrame(rows).write_csv(path)
            deliver(register, "gb.fsa", path, RECEIVED)
        cases = reviewing.waiting(register)
        for one in sorted(cases, key=lambda one: order.index(int(one.case.document[2:]) + 3)):
            reviewing.same(
                register, one.case.number, f"gb.company:0000100{one.case.document[2:]}", "A. Jansen", "known"
            )
        found = sorted(current_state(register))
        assert len(found) == 9
        _SEEN.setdefault("state", found)
        assert found == _SEEN["state"]
        assert verify(register) == []
    finally:
        emptied(postgres_folder, register)
        register.engine.dispose()


_SEEN: dict[str, object] = {}


def test_digest_of_what_came_is_over_its_text() -> None:
    assert unlinked.digest("{}") != unlinked.digest("{ }")


def test_a_sample_of_what_waits_is_drawn_and_a_source_whose_links_are_wrong_waits_for_people(
    stocked, file, folder
) -> None:
    inforce.give(stocked, folder, Decimal("0.25"), Decimal(3), "A. Jansen")
    rows = [unnumbered(KNOWN[number], f"W-{number}") for number in range(40)]
    assert deliver(stocked, "gb.fsa", file(*rows, *[known(n, f"K-{n}") for n in range(41)]), RECEIVED).accepted == 41
    assert reviewing.find(stocked) == (40, 40)
    drawn = draw_samples(stocked)
    assert drawn >= 40
    assert draw_samples(stocked) == 0
    for one in to_be_read(stocked, "A. Jansen", RECEIVED):
        both = unit(stocked, one.number)
        assert str(both.case.number) == one.left
        assert (both.subject and str(both.subject.id)) == one.right
        for reader in ("A. Jansen", "B. Smit"):
            answer(stocked, one.number, reader, "different")
    measure(stocked)
    judge(stocked)
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[50], "W-50"), known(51, "K-51")), RECEIVED)
    assert reviewing.find(stocked)[1] == 0
    (one,) = reviewing.waiting(stocked)
    assert one.case.document == "W-50"
    assert verify(stocked) == []
