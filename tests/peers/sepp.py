#!/usr/bin/env python3
"""Numbers for src/stats/sepp.rs: the same process fitted pair by pair, and two draws of known processes.

Independent of our code in its way of working: every pair of events has its own probability in a matrix (Mohler et al.
2011, section 2), sums are taken over pairs, nothing is carried along. What is the same is the model (whole days; the
event's own place and the places next to it; a geometric decay) and the start. Events are drawn by branching.

    python tests/peers/sepp.py > tests/reference/sepp.json        # needs numpy
"""

import json

import numpy as np

PLACES, DAYS, ROUNDS = 30, 400, 60


def draw(mu, same, near, mean_days, seed):
    """Events (place, day) of a row of places: background, then the children of each event."""
    random = np.random.default_rng(seed)
    events = [(p, d) for p in range(PLACES) for d in range(1, DAYS + 1) for _ in range(random.poisson(mu))]
    at = 0
    while at < len(events):
        place, day = events[at]
        at += 1
        for to_ring, mean in ((False, same), (True, near)):
            for _ in range(random.poisson(mean)):
                lag = random.geometric(1 / mean_days)
                to = place if not to_ring else int(random.choice([p for p in (place - 1, place + 1) if 0 <= p < PLACES]))
                if day + lag <= DAYS:
                    events.append((to, day + lag))
    return sorted(events)


def ring(place):
    return [p for p in (place - 1, place + 1) if 0 <= p < PLACES]


def spread(values, share):
    out = values.copy()
    for place in range(PLACES):
        out[place] -= share * values[place]
        for other in ring(place):
            out[other] += share * values[place] / len(ring(place))
    return out


def fit(events, share, longest):
    place = np.array([p for p, _ in events])
    day = np.array([d for _, d in events])
    lag = day[:, None] - day[None, :]
    before = lag > 0
    own = (place[:, None] == place[None, :]) & before
    ring_size = np.array([len(ring(p)) for p in range(PLACES)])
    near = (np.abs(place[:, None] - place[None, :]) == 1) & before
    counts = np.bincount(place, minlength=PLACES).astype(float)
    mu, theta, q = 0.7 * spread(counts, share) / DAYS, np.array([0.2, 0.1]), 1 - 1 / 7
    likelihoods = []
    for _ in range(ROUNDS):
        kernel = np.where(before, (1 - q) * q ** np.maximum(lag - 1, 0), 0.0)
        by_own = theta[0] * own * kernel
        by_near = theta[1] * near * kernel / ring_size[place][None, :]
        rate = mu[place] + by_own.sum(1) + by_near.sum(1)
        room = (1 - q ** (DAYS - day)).sum()
        likelihoods.append(np.log(rate).sum() - mu.sum() * DAYS - theta.sum() * room)
        p_background, p_own, p_near = mu[place] / rate, by_own / rate[:, None], by_near / rate[:, None]
        mu = spread(np.bincount(place, weights=p_background, minlength=PLACES), share) / DAYS
        mean = ((p_own + p_near) * lag).sum() / (p_own + p_near).sum()
        theta = np.array([p_own.sum(), p_near.sum()]) / room
        q = 1 - 1 / min(max(mean, 1 + 1e-9), longest)
    return mu, theta, q, likelihoods[-1]


def case(name, mu, same, near, mean_days, seed, share):
    events = draw(mu, same, near, mean_days, seed)
    background, theta, q, likelihood = fit(events, share, 30.0)
    return {
        "name": name,
        "places": PLACES,
        "days": DAYS,
        "rounds": ROUNDS,
        "background_spread": share,
        "longest_mean_days": 30.0,
        "drawn_with": {"background": mu, "same_place": same, "next_places": near, "mean_days": mean_days, "seed": seed},
        "events": [list(event) for event in events],
        "fitted": {
            "background": [float(m) for m in background],
            "same_place": float(theta[0]),
            "next_places": float(theta[1]),
            "daily_decay": float(q),
            "log_likelihood": float(likelihood),
        },
    }


def main():
    cases = [
        case("bursts", 0.02, 0.3, 0.2, 4.0, 1, 0.0),
        case("weak, spread background", 0.04, 0.15, 0.05, 10.0, 2, 0.2),
    ]
    print(json.dumps({"made_by": f"tests/peers/sepp.py with numpy {np.__version__}", "cases": cases}))


main()
