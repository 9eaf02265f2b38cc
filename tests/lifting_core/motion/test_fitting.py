from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lifting_core.motion import fitting
from lifting_core.motion.contacts import SOLES
from lifting_core.motion.evidence import Evidence, Footing
from lifting_core.motion.fitting import Body, fit_body
from lifting_core.motion.proportions import AVERAGE, body_size, rest_pose
from lifting_core.skeleton import JOINT_PARENTS, JOINTS, LIMB_JOINTS

LIMBS = [JOINTS.index(name) for name in LIMB_JOINTS]
LONG = {"thigh": 0.44, "shin": 0.45, "upper_arm": 0.28, "forearm": 0.25}


@pytest.fixture
def walker(film: Callable[..., Any], walk: Callable[..., Any]) -> Evidence:
    """Somebody who walks, truly placed and seen; joints from the camera, not from the pelvis."""
    time = np.arange(60) / 30
    joints = film(time, walk(time).joints).joints
    sure = np.ones(joints.shape[:2])
    return Evidence(time, joints, sure, joints[..., :2] / joints[..., 2:], sure)


def lifted(walker: Evidence, joints: Any, confidence: float = 0.8, seen: float = 1.0) -> Body:
    """The body fitted to other joints than the true ones."""
    relative = joints - joints[:, :1]
    sure = np.ones(joints.shape[:2])
    evidence = Evidence(walker.time, relative, confidence * sure, walker.rays, seen * sure)
    return fit_body(evidence, relative + walker.joints[:, :1], body_size(relative, sure))


def error(body: Body, walker: Evidence) -> float:
    """Metres, over the limbs."""
    truth = walker.joints - walker.joints[:, :1]
    return float(np.linalg.norm(body.joints - truth, axis=2)[:, LIMBS].mean())


def bones(joints: Any) -> Any:
    return np.linalg.norm(joints[:, 1:] - joints[:, list(JOINT_PARENTS[1:])], axis=2)


def test_the_truth_stays_the_truth(walker: Evidence) -> None:
    body = lifted(walker, walker.joints)
    assert error(body, walker) < 0.008
    assert {name: body.lengths[name] for name in LONG} == pytest.approx(LONG, rel=0.03)


def test_noise_is_taken_off(walker: Evidence) -> None:
    noisy = walker.joints + np.random.default_rng(0).normal(size=walker.joints.shape) * 0.04
    body = lifted(walker, noisy)
    assert error(body, walker) < 0.65 * error(Body({}, noisy), walker)
    assert bones(body.joints).std(axis=0).max() < 0.02 < np.median(bones(noisy).std(axis=0))


def test_the_cost_is_at_its_least_when_the_steps_are_over(
    walker: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = walker.joints + np.random.default_rng(0).normal(size=walker.joints.shape) * 0.04
    body = lifted(walker, noisy)
    monkeypatch.setattr(fitting, "_STEPS", 2000)
    np.testing.assert_allclose(lifted(walker, noisy).joints, body.joints, atol=2e-3)


def test_noise_makes_nobody_smaller(walker: Evidence) -> None:
    """As it does where larger bodies cost more: errors and accelerations of theirs are larger."""
    for noise in (0.02, 0.04):
        noisy = walker.joints + np.random.default_rng(1).normal(size=walker.joints.shape) * noise
        body = lifted(walker, noisy)
        assert {name: body.lengths[name] for name in LONG} == pytest.approx(LONG, rel=0.05)


def test_a_limb_turns_as_it_was_lifted_wherever_it_hangs(walker: Evidence) -> None:
    """A hand that is off by as much as its wrist still points where it was lifted to point."""
    arm = [JOINTS.index(f"left_{part}") for part in ("wrist", "hand", "index")]
    astray = walker.joints.copy()
    astray[:, arm] += [0.0, 0.0, 0.12]
    relative, sure = astray - astray[:, :1], np.ones(astray.shape[:2])
    confidence, seen = sure.copy(), sure.copy()
    confidence[:, arm], seen[:, arm[1:]] = 0.3, 0.0
    evidence = Evidence(walker.time, relative, confidence, walker.rays, seen)
    body = fit_body(evidence, relative + walker.joints[:, :1], body_size(relative, sure))
    hand, truth = (joints[:, arm[1]] - joints[:, arm[0]] for joints in (body.joints, walker.joints))
    cosine = (hand * truth).sum(1) / np.linalg.norm(hand, axis=1) / np.linalg.norm(truth, axis=1)
    assert np.degrees(np.arccos(cosine)).max() < 12


def test_an_outlier_among_the_keypoints_does_no_harm(walker: Evidence) -> None:
    walker.rays[20:23, JOINTS.index("left_wrist")] += 0.3
    assert error(lifted(walker, walker.joints), walker) < 0.012


def test_bones_keep_their_lengths_where_nothing_is_seen(walker: Evidence) -> None:
    noisy = walker.joints + np.random.default_rng(0).normal(size=walker.joints.shape) * 0.04
    body = lifted(walker, noisy, seen=0.0)
    assert bones(body.joints).std(axis=0).max() < 0.02
    assert {name: body.lengths[name] for name in LONG} == pytest.approx(LONG, rel=0.15)


def test_parts_never_seen_get_body_size(walker: Evidence) -> None:
    feet = [JOINTS.index(f"{side}_{part}") for side in ("left", "right") for part in ("heel", "toe")]
    joints, sure = walker.joints.copy(), np.ones(walker.joints.shape[:2])
    joints[:, feet] = joints[:, [JOINT_PARENTS[foot] for foot in feet]]
    sure[:, feet] = 0
    relative = joints - joints[:, :1]
    evidence = Evidence(walker.time, relative, sure, walker.rays, sure)
    body = fit_body(evidence, relative + walker.joints[:, :1], body_size(relative, sure))
    for name in ("foot", "heel", "sole"):
        assert body.lengths[name] == pytest.approx(AVERAGE[name], rel=0.15)


def test_children_are_fitted_as_adults_are(walker: Evidence) -> None:
    noisy = walker.joints + np.random.default_rng(0).normal(size=walker.joints.shape) * 0.02
    small = dataclasses.replace(walker, joints=0.6 * walker.joints)
    tall, child = lifted(walker, noisy), lifted(small, 0.6 * noisy)
    np.testing.assert_allclose(child.joints, 0.6 * tall.joints, atol=2e-3)
    assert child.lengths["thigh"] == pytest.approx(0.6 * tall.lengths["thigh"], rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_a_depth_that_leaps_about_makes_no_giants(walker: Evidence, seed: int) -> None:
    """As that of somebody tiny in the picture does, in frames that follow each other closely."""
    random = np.random.default_rng(seed)
    away = np.array([0, 0, 600]) + random.normal(size=(len(walker.time), 1, 3)) * [1, 1, 70]
    far = walker.joints + random.normal(size=walker.joints.shape) * 0.2 + away
    time, rays, sure = walker.time / 10, far[..., :2] / far[..., 2:], walker.confidence
    body = lifted(Evidence(time, far, sure, rays, sure), far)
    assert np.isfinite(body.joints).all()
    size = body_size(far - far[:, :1], sure)
    for name, length in body.lengths.items():
        assert 0.6 < length / (size * AVERAGE[name]) < 1.7


def test_a_single_frame_will_do(walker: Evidence) -> None:
    """So will two, between which no acceleration is known."""
    for count in (1, 2):
        few = walker.at(slice(count))
        assert error(lifted(few, few.joints), few) < 0.012


def test_long_clips_are_fitted_in_parts(walker: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = walker.joints + np.random.default_rng(0).normal(size=walker.joints.shape) * 0.02
    whole = lifted(walker, noisy)
    monkeypatch.setattr(fitting, "_MOST_FRAMES", 25)
    parts = lifted(walker, noisy)
    assert parts.lengths["thigh"] == pytest.approx(whole.lengths["thigh"], rel=0.03)  # from 20 noisy frames
    np.testing.assert_allclose(parts.joints, whole.joints, atol=0.03)
    assert np.isfinite(parts.joints).all()


def test_the_work_can_be_stopped(walker: Evidence) -> None:
    calls = []

    def stop() -> None:
        calls.append(None)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fit_body(walker, walker.joints, body_size(walker.joints, walker.confidence), going_on=stop)
    assert len(calls) == 3


@pytest.fixture
def footing(film: Callable[..., Any], walk: Callable[..., Any], walker: Evidence) -> Footing:
    """When the walker's feet truly stand."""
    walked = walk(walker.time)
    standing = rest_pose(AVERAGE).joints[SOLES[0], 2]
    return Footing(film(walker.time, walked.joints).up, walked.contacts, standing)


def on_the_floor(body: Body, footing: Footing) -> tuple[float, float]:
    """Metres: by how much the soles that stand move in a frame, and by how much their height varies."""
    soles = body.placed[:, SOLES].mean(2)
    stands = footing.contacts > 0.5
    still = stands[1:] & stands[:-1]
    moved = np.linalg.norm(np.diff(soles, axis=0), axis=2)[still]
    return float(moved.mean()), float((soles @ footing.up)[stands].std())


def test_feet_on_the_floor_tell_the_depth(walker: Evidence, footing: Footing) -> None:
    """Of somebody lifted with errors of the depth that last, who then neither slides nor rises and sinks."""
    rng = np.random.default_rng(0)
    wobble = np.cumsum(rng.normal(size=(len(walker.time), 1, 1)), axis=0) * 0.02
    wrong = walker.joints + rng.normal(size=walker.joints.shape) * 0.03
    wrong = wrong + wobble * (wrong - wrong[:, :1]) * [0, 0, 1.0]
    relative, sure = wrong - wrong[:, :1], np.ones(wrong.shape[:2])
    evidence = Evidence(walker.time, relative, 0.8 * sure, walker.rays, sure)
    free, standing = (
        fit_body(evidence, wrong, body_size(relative, sure), known) for known in (None, footing)
    )
    (slid, rose), (still, level) = (on_the_floor(body, footing) for body in (free, standing))
    assert still < 0.5 * slid
    assert level < 0.5 * rose
    assert error(standing, walker) < 1.05 * error(free, walker)


def test_feet_that_never_stand_change_nothing(walker: Evidence, footing: Footing) -> None:
    aloft = dataclasses.replace(footing, contacts=0 * footing.contacts)
    relative, sure = walker.joints - walker.joints[:, :1], np.ones(walker.joints.shape[:2])
    evidence = Evidence(walker.time, relative, sure, walker.rays, sure)
    free, known = (fit_body(evidence, walker.joints, 1.0, footing) for footing in (None, aloft))
    np.testing.assert_allclose(known.placed, free.placed, atol=1e-4)


def test_footing_goes_with_the_parts_of_long_clips(
    walker: Evidence, footing: Footing, monkeypatch: pytest.MonkeyPatch
) -> None:
    relative, sure = walker.joints - walker.joints[:, :1], np.ones(walker.joints.shape[:2])
    evidence = Evidence(walker.time, relative, sure, walker.rays, sure)
    monkeypatch.setattr(fitting, "_MOST_FRAMES", 25)
    body = fit_body(evidence, walker.joints, 1.0, footing)
    assert max(on_the_floor(body, footing)) < 0.005


def test_a_foot_may_stand_on_its_toes(walker: Evidence, footing: Footing) -> None:
    """The end of a foot that is lifted is not drawn to the floor."""
    heels = [JOINTS.index("left_heel"), JOINTS.index("right_heel")]
    raised = walker.joints.copy()
    raised[:, heels] += 0.08 * footing.up
    relative, sure = raised - raised[:, :1], np.ones(raised.shape[:2])
    seen = sure.copy()
    seen[:, heels] = 0
    evidence = Evidence(walker.time, relative, sure, walker.rays, seen)
    body = fit_body(evidence, raised, 1.0, footing)
    up = body.placed[:, heels] @ footing.up - walker.joints[:, heels] @ footing.up
    assert up[footing.contacts > 0.5].mean() > 0.05


def test_feet_may_have_gone_anywhere_in_a_gap(film: Callable[..., Any], walk: Callable[..., Any]) -> None:
    time = np.concatenate([np.arange(30), np.arange(120, 150)]) / 30
    walked = walk(time)
    filmed = film(time, walked.joints)
    joints, sure = filmed.joints, np.ones(filmed.joints.shape[:2])
    evidence = Evidence(time, joints - joints[:, :1], sure, joints[..., :2] / joints[..., 2:], sure)
    standing = rest_pose(AVERAGE).joints[SOLES[0], 2]
    contacts = walked.contacts.copy()
    contacts[28:32] = 1.0
    footing = Footing(filmed.up, contacts, standing)
    body = fit_body(evidence, joints, 1.0, footing)
    assert np.linalg.norm(body.root - joints[:, 0], axis=1).max() < 0.03
    assert np.linalg.norm(body.joints - evidence.joints, axis=2)[:, LIMBS].mean() < 0.01


def test_a_foot_that_stands_before_a_gap_may_stand_elsewhere_after_it(
    film: Callable[..., Any], walk: Callable[..., Any]
) -> None:
    """Of somebody who walks toward the camera, whose legs are hidden and guessed."""
    time = np.concatenate([np.arange(6) / 30, 5 / 30 + 0.6 + np.arange(6) / 30])
    joints = film(time, walk(time).joints, azimuth=0.0).joints
    seen, sure = np.ones(joints.shape[:2]), np.ones(joints.shape[:2])
    legs = [i for i, name in enumerate(JOINTS) if name.endswith(("knee", "ankle", "heel", "toe"))]
    seen[:, legs], sure[:, legs] = 0.0, 0.1
    evidence = Evidence(time, joints - joints[:, :1], sure, joints[..., :2] / joints[..., 2:], seen)
    contacts = np.zeros((len(time), 2))
    contacts[5:7] = 1.0
    footing = Footing(film(time, walk(time).joints).up, contacts, rest_pose(AVERAGE).joints[SOLES[0], 2])
    free, known = (fit_body(evidence, joints, 1.0, told).placed for told in (None, footing))
    free_step, step = (np.linalg.norm(body[6, SOLES] - body[5, SOLES], axis=-1) for body in (free, known))
    assert free_step[1].min() > 1.0
    assert step[1].min() > 0.9 * free_step[1].min()
