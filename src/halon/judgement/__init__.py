"""Judgement: pure decisions on facts and kit. Values in, values out; each answer carries its reasons."""
