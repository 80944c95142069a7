# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Runs guest images on QEMU and on KVM, for `make run`, `make test` and `make bench` alike.

    envs    the table of environments: machine, bus, accelerator
    spec    what a guest is given: image, command line, disk, network
    guest   a guest as its user sees it: console, outcome
    qemu    a QEMU process on this machine
    nested  a QEMU process in an emulated machine that has KVM, for machines that do not
    hosts   chooses between the two
"""
