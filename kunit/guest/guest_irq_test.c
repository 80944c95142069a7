/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a Linux guest of KVM: a virtio disk that Linux has no driver for is pv.ko's, and its
 * interrupts come through Linux (ports/linux/irq.c): a line of ACPI's from virtio-mmio, the pin of
 * a PCI function from virtio-pci. Whoever waits here waits for an interrupt only, so that data come
 * by none but those.
 *
 * The disk's first MiB is read, and its XXH64 told; the second gets the same with each bit the
 * other way. Whoever has the disk compares (tests/hv/test_linux.py).
 *
 * Covers: drivers/virtio/mmio.c drivers/virtio/pci_irq.c drivers/virtio/virtio_blk.c
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/xxhash.h>
#include <pv/pv.h>

#define CHUNKS	16
#define CHUNK	65536u
#define MIB	(CHUNKS * CHUNK)
#define PATIENT (20 * HZ)

static const struct pv_bus *const buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
static const struct pv_driver *const drivers[] = {&pv_virtio_blk, NULL};
static struct pv_boot_info boot;
static const struct pv_init_args ours = {.boot = &boot, .buses = buses, .drivers = drivers};
static const struct pv_init_args none = {.boot = &boot};

static struct pv_blk *disk;
static void *data;
static DECLARE_COMPLETION(woken);
static unsigned int interrupts, elsewhere, pending, failed;

static void wake(void *arg)
{
	if (in_hardirq())
		interrupts++;
	else
		elsewhere++;
	complete(&woken);
}

static void done(struct pv_blk_req *req)
{
	failed += req->status != 0;
	pending--;
}

static void transfer(struct kunit *test, uint8_t op, uint64_t sector)
{
	static struct pv_blk_req req[CHUNKS];
	static struct pv_seg seg[CHUNKS];
	struct pv_blk_queue *q = pv_blk_queue(disk, 0);
	unsigned int i;

	for (i = 0; i < CHUNKS; i++, pending++) {
		seg[i] = (struct pv_seg) {.va = data + i * CHUNK, .len = CHUNK};
		req[i] = (struct pv_blk_req) {.op = op, .segs = &seg[i], .num_segs = 1};
		req[i].sector = sector + i * CHUNK / PV_BLK_SECTOR;
		req[i].done = done;
		KUNIT_ASSERT_EQ(test, pv_blk_submit(q, &req[i]), 0);
	}
	pv_blk_flush(q);
	while (pending)
		if (pv_blk_poll(q, CHUNKS) < CHUNKS && pending)
			KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&woken, PATIENT), 0ul);
	KUNIT_EXPECT_EQ(test, failed, 0u);
}

static void disk_is_read_and_written_by_interrupt(struct kunit *test)
{
	uint64_t *word = data;
	unsigned int i;

	transfer(test, PV_BLK_READ, 0);
	KUNIT_EXPECT_NE(test, interrupts, 0u);
	kunit_info(test, "hash: %016llx\n", xxh64(data, MIB, 0));
	for (i = 0; i < MIB / sizeof(*word); i++)
		word[i] = ~word[i];
	interrupts = 0;
	transfer(test, PV_BLK_WRITE, MIB / PV_BLK_SECTOR);
	KUNIT_EXPECT_NE(test, interrupts, 0u);
	KUNIT_EXPECT_EQ(test, elsewhere, 0u);
}

/* One request at a time: there is one interrupt for each. */
static void interrupt_for_each_request(struct kunit *test)
{
	struct pv_seg seg = {.va = data, .len = PV_BLK_SECTOR};
	struct pv_blk_queue *q = pv_blk_queue(disk, 0);
	struct pv_blk_req req;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		req = (struct pv_blk_req) {
			.op = PV_BLK_READ, .segs = &seg, .num_segs = 1, .sector = i, .done = done};
		/* Arms the event; there is nothing to do yet. */
		KUNIT_ASSERT_EQ(test, pv_blk_poll(q, 1), 0);
		pending++;
		KUNIT_ASSERT_EQ(test, pv_blk_submit(q, &req), 0);
		pv_blk_flush(q);
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&woken, PATIENT), 0ul);
		KUNIT_ASSERT_EQ(test, pv_blk_poll(q, 1), 1);
	}
	KUNIT_EXPECT_EQ(test, failed, 0u);
	KUNIT_EXPECT_EQ(test, interrupts, 10u);
}

/* pv.ko began with empty tables. */
static int begin(struct kunit *test)
{
	interrupts = elsewhere = pending = failed = 0;
	reinit_completion(&woken);
	data = pv_os_pages_alloc(MIB / PV_PAGE_SIZE);
	if (!data)
		return PV_ENOMEM;
	pv_shutdown();
	if (pv_init(&ours))
		return PV_EBUSY;
	disk = pv_blk_open(0);
	if (!disk)
		return PV_ENODEV;
	pv_blk_set_event(pv_blk_queue(disk, 0), wake, NULL);
	return 0;
}

/* The device is reset, and its interrupt given back, each time. */
static void end(struct kunit *test)
{
	if (disk)
		pv_blk_close(disk);
	disk = NULL;
	pv_shutdown();
	if (pv_init(&none))
		kunit_err(test, "pv.ko does not begin again\n");
	pv_os_pages_free(data, MIB / PV_PAGE_SIZE);
}

static struct kunit_case guest_irq_cases[] = {
	KUNIT_CASE(disk_is_read_and_written_by_interrupt),
	KUNIT_CASE(interrupt_for_each_request),
	{},
};

static struct kunit_suite guest_irq_suite = {
	.name = "guest_irq",
	.init = begin,
	.exit = end,
	.test_cases = guest_irq_cases,
};

kunit_test_suite(guest_irq_suite);
