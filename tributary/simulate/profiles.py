"""The habits of the simulated platform: how surfaces, hours, devices and regions differ."""

import numpy as np

from tributary.simulate.world import PREDICTION_BIAS, TIERS

# One row a surface: search, local, feed, splash, video.
SURFACE_SHARE = np.array([0.37, 0.24, 0.21, 0.07, 0.11])
WEEKDAY = np.array(
    [  # Monday to Sunday
        [1.07, 1.08, 1.06, 1.04, 1.00, 0.88, 0.87],
        [0.86, 0.88, 0.91, 0.96, 1.10, 1.20, 1.09],
        [0.97, 0.97, 0.98, 0.98, 1.00, 1.04, 1.06],
        [1.00, 1.00, 1.00, 1.00, 1.02, 1.00, 0.98],
        [0.90, 0.90, 0.92, 0.95, 1.04, 1.14, 1.15],
    ]
)
HOURS = np.array(
    [
        [4, 2, 1, 1, 1, 2, 5, 9, 14, 18, 19, 17, 14, 15, 17, 18, 17, 15, 14, 16, 18, 17, 13, 8],
        [2, 1, 1, 1, 1, 2, 4, 7, 8, 9, 13, 20, 19, 13, 10, 10, 13, 19, 21, 17, 13, 9, 6, 4],
        [6, 3, 2, 1, 1, 2, 6, 12, 13, 10, 9, 11, 14, 12, 9, 9, 10, 12, 14, 17, 20, 22, 18, 12],
        [3, 2, 1, 1, 1, 4, 12, 18, 15, 11, 10, 12, 13, 11, 10, 10, 11, 14, 14, 13, 13, 12, 9, 6],
        [9, 5, 3, 2, 1, 1, 3, 5, 6, 6, 7, 10, 13, 10, 8, 8, 9, 12, 16, 21, 25, 26, 22, 16],
    ],
    dtype=np.float64,
)  # fmt: skip
APP_SHARE = np.array(
    [
        [0.72, 0.10, 0.18],
        [0.28, 0.72, 0.0],
        [0.62, 0.0, 0.38],
        [0.4, 0.3, 0.3],
        [0.14, 0.0, 0.86],
    ]
)
QUERY_SHARE = np.array([[0.94, 0.06], [0.71, 0.29], [0.0, 1.0], [0.0, 1.0], [0.24, 0.76]])
DEVICE_SHARE = np.array(  # phone, tablet, desktop, tv
    [
        [0.70, 0.07, 0.23, 0.0],
        [0.92, 0.05, 0.03, 0.0],
        [0.84, 0.09, 0.07, 0.0],
        [0.88, 0.08, 0.0, 0.04],
        [0.56, 0.13, 0.08, 0.23],
    ]
)
REGION_TILT = np.array(  # where a request comes from when it does not come from home
    [
        [3, 3, 2, 2, 1, 1, 2, 1, 3, 2, 1],
        [5, 4, 4, 3, 2, 1, 2, 1, 1, 1, 1],
        [2, 2, 2, 3, 3, 3, 1, 1, 1, 1, 1],
        [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
        [2, 2, 2, 3, 3, 3, 2, 2, 2, 2, 1],
    ],
    dtype=np.float64,
)
FILL = np.array([0.64, 0.58, 0.82, 0.90, 0.72])
MORE_ADS = np.array([4, 4, 3, 0, 2])
MORE_ADS_CHANCE = np.array([0.42, 0.36, 0.45, 0.0, 0.35])
FEWEST_ORGANIC = np.array([10, 8, 8, 0, 5])
MOST_ORGANIC = np.array([10, 20, 8, 0, 10])
ORGANIC_LOGGED = np.array([3, 5, 3, 0, 2])
FIRST_AD_POSITION = np.array([1, 1, 3, 1, 1])
AD_STEP = np.array([1, 2, 4, 1, 3])
FIRST_ORGANIC_POSITION = np.array([0, 2, 1, 2, 2])
ORGANIC_STEP = np.array([1, 2, 1, 1, 1])

AD_CLICK = np.array([0.190, 0.180, 0.085, 0.095, 0.062])
ORGANIC_CLICK = np.array([0.24, 0.26, 0.11, 0.0, 0.10])
POSITION_DECAY = np.array([0.45, 0.35, 0.15, 0.0, 0.20])
DEVICE_CLICK = np.array([1.06, 0.96, 0.86, 0.45])
DEVICE_ACTION = np.array([0.95, 1.00, 1.30, 0.60])
TIER_CLICK = np.array([1.05, 1.0, 0.94])
AD_ACTION = np.array([0.13, 0.22, 0.09, 0.06, 0.12])
ORGANIC_ACTION = np.array([0.02, 0.14, 0.015, 0.0, 0.02])
COUNTRY_CLOCK = np.array([0, 1, -15, 0])
"""Hours that a country's clock is ahead of the reporting zone."""
COUNTRY_BID = np.array([1.0, 1.18, 1.35, 1.1])

ANONYMOUS = 0.12
NO_APP = 0.004
NO_REGION = 0.007
OUTAGE = 0.3
BIAS = np.array([PREDICTION_BIAS[tier] for tier in TIERS])
