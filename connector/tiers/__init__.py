"""Turns that are asked again in every epoch, golden, regression or adversarial: how they are read and kept.

Dataset ─ Item ─ read_item ─┐
Score, tag, queue ─ Flag ─ find, read ─┴▶ Member (kept) ─ of_epoch ─▶ Challenge ─ Duel.of ─▶ as all others
"""
