"""Labelled images: data, augmentation, networks, classifiers, shares of classes."""

from simulate.images.augment import RandomAffine as RandomAffine
from simulate.images.class_shares import ClassShares as ClassShares, beyond_chance as beyond_chance
from simulate.images.class_shares import corrected_shares as corrected_shares
from simulate.images.class_shares import energy_distance as energy_distance
from simulate.images.class_shares import informedness as informedness, label_counts as label_counts
from simulate.images.class_shares import require_better_than_chance as require_better_than_chance
from simulate.images.classifier import TOGETHER as TOGETHER, IsClass as IsClass, Labels as Labels
from simulate.images.classifier import confusion as confusion, confusion_table as confusion_table
from simulate.images.classifier import train_classifier as train_classifier
from simulate.images.data import Images as Images, digits as digits, idx_folder as idx_folder
from simulate.images.networks import SmallClassifier as SmallClassifier, UNet as UNet, seeded as seeded
