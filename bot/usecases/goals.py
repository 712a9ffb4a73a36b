"""The six goals of talking about exercise and pain (S0 Table 1, #52 to #60), each a short guided talk."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.facts.talk import Patient
from bot.usecases.flow import SKIPPED, WHICH_SIGN, Outcome, QuietFlow, Step, Talk
from bot.usecases.onboarding import FEARED_STEPS, feared_question, kept
from bot.usecases.ports import Library
from bot.usecases.profile import Profiles, goes_slowly, has_clinician, limits_of

GOALS = ("understand", "challenge", "confidence", "cue", "level", "modify")
GOALS_DONE = "goals_done"
BELIEFS = (
    "belief_damage",
    "fear_of_movement",
    "hopeless_catastrophising",
    "low_confidence",
    "frustrated_with_pain",
)
EXERCISE_REGIONS = ("knee", "back", "shoulder")
StepChooser = Callable[[Patient], tuple[str, ...]]


def form_of(goal: str) -> str:
    return f"goal_{goal}_form"


def goal_after(patient: Patient) -> str:
    """The first goal not yet talked through; the first of all once they are."""
    done = patient.profile.get(GOALS_DONE, "").split()
    return next((goal for goal in GOALS if goal not in done), GOALS[0])


def belief_in(talk: Talk, sure_enough: float) -> str | None:
    """The belief that a free answer most likely holds (#25, #52)."""
    for topic, confidence in talk.ranking:
        if topic in BELIEFS and confidence >= sure_enough:
            return topic
    return None


def feared_movement(talk: Talk) -> str | None:
    movement = talk.said(feared_question(talk.said("region")))
    return None if movement == SKIPPED else movement


class Goal(QuietFlow):
    """Keeps every answer in the profile and counts the goal as done at the end."""

    goal: str
    closed_by_alarm = True

    def __init__(self, profiles: Profiles, library: Library) -> None:
        self.name = form_of(self.goal)
        self._profiles = profiles
        self._library = library

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        self._profiles.remember(talk.patient.id, kept(question, value))
        return Outcome(says=() if value == SKIPPED else self.reply(talk, question, value))

    def reply(self, talk: Talk, question: str, value: str) -> tuple[str, ...]:
        return ()

    def completed(self, talk: Talk) -> Outcome:
        done = talk.patient.profile.get(GOALS_DONE, "").split()
        if self.goal not in done:
            self._profiles.remember(talk.patient.id, {GOALS_DONE: " ".join([*done, self.goal])})
        return self.closing(talk)

    def closing(self, talk: Talk) -> Outcome:
        return Outcome(says=(f"done_{self.goal}",), ends=True)


class Understand(Goal):
    """#52: what they think the pain is. The belief named first decides what is said."""

    goal = "understand"
    steps = (Step("pain_reason"), Step("understand_sense"))

    def reply(self, talk: Talk, question: str, value: str) -> tuple[str, ...]:
        if question == "understand_sense":
            return (f"understand_{value}",)
        named = talk.patient.profile.get("belief") or belief_in(talk, self._library.number("act_at"))
        if named is None:
            return ("belief_other", "lesson_why_pain_persists")
        self._profiles.remember(talk.patient.id, {"belief": named})
        return (f"lesson_{named}",)


class Challenge(Goal):
    """#53: is movement safe, and why; then a movement that was avoided."""

    goal = "challenge"
    steps = (Step("movement_safe"), Step("safe_why"), Step("try_movement"))

    def before(self, talk: Talk, question: str) -> tuple[str, ...]:
        answer = talk.answers.get("movement_safe")
        if question != "try_movement" or answer is None:
            return ()
        return (f"discuss_safe_{answer if answer in ('yes', 'no') else 'unsure'}",)

    def closing(self, talk: Talk) -> Outcome:
        if talk.answers.get("try_movement") == "yes":
            return Outcome(ends=True, leads_to=form_of("cue"))
        return super().closing(talk)


class Confidence(Goal):
    """#54, #40: can I do it, and will it turn out well. Low confidence leads to an easier step (#41)."""

    goal = "confidence"
    steps = (Step("confidence"), Step("expectation"))

    def reply(self, talk: Talk, question: str, value: str) -> tuple[str, ...]:
        if question != "confidence" or not value.isdigit():
            return ()
        low = int(value) <= self._library.number("confidence_low_to")
        self._profiles.remember(talk.patient.id, {"ladder": "easier" if low else "usual"})
        if low:
            return ("confidence_low",)
        high = int(value) >= self._library.number("confidence_high_from")
        return ("confidence_high",) if high else ("confidence_middle",)


class Cue(Goal):
    """#55, #36, R1: the safety cue, only after today's sign check is green (C26); then what they expect."""

    goal = "cue"
    steps = (
        Step("region", lasting=True, skippable=False),
        *FEARED_STEPS,
        Step("sign_check", when=lambda talk: not talk.green_today, skippable=False),
        Step("prediction"),
    )

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        if question == "sign_check":
            return Outcome() if talk.green_today else WHICH_SIGN
        return super().answered(talk, question, value)

    def before(self, talk: Talk, question: str) -> tuple[str, ...]:
        return (self.cue_for(talk), "stop_list") if question == "prediction" else ()

    def closing(self, talk: Talk) -> Outcome:
        told = talk.answers.get("prediction") not in (None, SKIPPED)
        kept_it = ("prediction_kept",) if told else ()
        return Outcome(says=(*kept_it, *self.exercise_for(talk), "done_cue"), ends=True)

    def cue_for(self, talk: Talk) -> str:
        region, movement = talk.said("region"), feared_movement(talk)
        return self._first_known(f"cue_{region}_{movement}", f"cue_{region}_other", "cue_general")

    def exercise_for(self, talk: Talk) -> tuple[str, ...]:
        """A step of the ladder: the lowest where unsure, without a clinician (C13) or sensitised (C8)."""
        region, movement = talk.said("region"), feared_movement(talk)
        if region not in EXERCISE_REGIONS:
            return ("no_exercise_for_region",)
        wanted = f"step_{region}_{movement}_{1 if self._starts_low(talk.patient) else 2}"
        found = self._first_known(wanted, f"step_{region}_{movement}_1", "")
        if not found:
            return ("no_exercise_for_region",)
        stays_small = () if has_clinician(talk.patient) else ("small_steps_only",)
        limits = ("limits_first",) if limits_of(talk.patient, self._library) else ()
        return (*limits, found, *stays_small, "stop_list")

    def _starts_low(self, patient: Patient) -> bool:
        unsure = patient.profile.get("ladder") == "easier"
        return unsure or not has_clinician(patient) or goes_slowly(patient, self._library)

    def _first_known(self, *content_ids: str) -> str:
        for content_id in content_ids[:-1]:
            try:
                self._library.say(content_id)
            except (KeyError, ValueError) as unknown:
                if isinstance(unknown, ValueError):
                    return content_id
            else:
                return content_id
        return content_ids[-1]


class AcceptableLevel(Goal):
    """#56, #57, #60: are you coping? Coping: carry on. Not, or a flare beyond a day: less (C1)."""

    goal = "level"
    steps = (Step("coping"), Step("settles"))

    def closing(self, talk: Talk) -> Outcome:
        coping, settles = talk.answers.get("coping"), talk.answers.get("settles")
        carry_on = coping == "yes" and settles == "within_day"
        advice = "level_carry_on" if carry_on else "level_reduce"
        if coping in (None, SKIPPED, "unsure") and settles == "within_day":
            advice = "level_unsure"
        return Outcome(says=(advice, "level_rule", "done_level"), ends=True)


class Modify(Goal):
    """#58, #59: easier or harder. Never "stop everything"; without a clinician harder means minutes."""

    goal = "modify"
    steps = (Step("how_hard"), Step("modify_why"))
    _ADVICE: Mapping[str, str] = {
        "too_hard": "modify_easier",
        "right": "modify_keep",
        "give_up": "modify_never_all",
        SKIPPED: "modify_keep",
    }

    def closing(self, talk: Talk) -> Outcome:
        answer = talk.answers.get("how_hard") or SKIPPED
        return Outcome(says=(self._ADVICE.get(answer, self._harder(talk.patient)), "done_modify"), ends=True)

    def _harder(self, patient: Patient) -> str:
        """A tenth a week at most; held for a while where they are sensitised (C24)."""
        if not has_clinician(patient):
            return "modify_harder_minutes"
        return "modify_harder_slowly" if goes_slowly(patient, self._library) else "modify_harder"


def six_goals(profiles: Profiles, library: Library) -> tuple[Goal, ...]:
    kinds: tuple[type[Goal], ...] = (Understand, Challenge, Confidence, Cue, AcceptableLevel, Modify)
    return tuple(kind(profiles, library) for kind in kinds)
