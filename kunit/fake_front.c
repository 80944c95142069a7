/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_front.h"

struct fake_front fake_front;

/* --- the driver ------------------------------------------------------------------------------- */

static void tell(const char *what, const struct pv_device *dev)
{
	size_t n = pv_strlen(fake_front.story);

	pv_snprintf(fake_front.story + n, sizeof(fake_front.story) - n, "%s(%s)", what, dev->name);
}

static bool match(const struct pv_device *dev)
{
	return pv_xenbus_is(dev, "vbd");
}

static int connect_backend(struct pv_xenbus_device *xd)
{
	int err = pv_xenbus_switch(xd, PV_XS_NO_TX, XenbusStateInitialised);

	if (!err)
		err = pv_xenbus_wait_backend(xd, PV_XENBUS_BIT(XenbusStateConnected), 1000);
	if (err > 0)
		err = pv_xenbus_switch(xd, PV_XS_NO_TX, XenbusStateConnected);
	return err;
}

static int probe(struct pv_device *dev)
{
	int err = 0;

	tell("probe", dev);
	if (fake_front.in_probe)
		err = fake_front.in_probe(pv_xenbus_of(dev));
	if (!err && fake_front.connects)
		err = connect_backend(pv_xenbus_of(dev));
	return err ? err : fake_front.probe_err;
}

static void remove_dev(struct pv_device *dev)
{
	tell("remove", dev);
	pv_xenbus_close(pv_xenbus_of(dev));
}

static void dev_changed(struct pv_device *dev)
{
	tell("changed", dev);
}

static int resume(struct pv_device *dev)
{
	tell("resume", dev);
	return fake_front.resume_err ? fake_front.resume_err : connect_backend(pv_xenbus_of(dev));
}

static const struct pv_driver vbd_driver = {
	.name = "test-vbd",
	.match = match,
	.probe = probe,
	.remove = remove_dev,
	.changed = dev_changed,
	.resume = resume,
};
static const struct pv_driver forgetful_driver = {.name = "test-vbd",
						  .match = match,
						  .probe = probe,
						  .remove = remove_dev,
						  .changed = dev_changed};
static const struct pv_driver *const drivers[] = {&vbd_driver, NULL};
static const struct pv_driver *const forgetful_drivers[] = {&forgetful_driver, NULL};

void fake_front_forget_resume(void)
{
	pv_bus_set_drivers(forgetful_drivers);
}

/* --- the backend: as Linux's do --------------------------------------------------------------- */

static void backend_sees(void *arg, const char *path)
{
	const char *tail = "/state";
	size_t n = pv_strlen(path), m = pv_strlen(PV_FAKE_XS_HOME "/device/vbd/");
	char back[160];
	long front, is;

	(void)arg;
	if (pv_strncmp(path, PV_FAKE_XS_HOME "/device/vbd/", m) || n < m + 7 ||
	    pv_strcmp(path + n - 6, tail))
		return;
	front = pv_fake_xs_number(path);
	n = pv_strlen(fake_front.states);
	if (front >= 0 && n + 2 < sizeof(fake_front.states))
		pv_snprintf(fake_front.states + n, sizeof(fake_front.states) - n, "%ld", front);
	pv_snprintf(back, sizeof(back), "/local/domain/0/backend/vbd/5/%s", path + m);
	is = pv_fake_xs_number(back);
	if (fake_front.dead || is < 0)
		return;
	if (front == XenbusStateInitialising && (is == XenbusStateClosed || is <= 1))
		pv_fake_xs_write(back, "2");
	else if ((front == XenbusStateInitialised || front == XenbusStateConnected) &&
		 (is == XenbusStateInitWait || is == XenbusStateInitialised))
		pv_fake_xs_write(back, "4");
	else if (front == XenbusStateClosing && is != XenbusStateClosed)
		pv_fake_xs_write(back, "5");
	else if (front == XenbusStateClosed)
		pv_fake_xs_write(back, "6");
}

void fake_front_backend(unsigned int id, const char *state)
{
	char path[64];

	pv_snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/5/%u/state", id);
	pv_fake_xs_write(path, state);
}

long fake_front_state(unsigned int id)
{
	char path[64];

	pv_snprintf(path, sizeof(path), "device/vbd/%u/state", id);
	return pv_fake_xs_number(path);
}

/* --- the bus ---------------------------------------------------------------------------------- */

int fake_front_init(struct kunit *test)
{
	fake_front.story[0] = '\0';
	fake_front.states[0] = '\0';
	fake_front.probe_err = 0;
	fake_front.resume_err = 0;
	fake_front.connects = true;
	fake_front.in_probe = NULL;
	fake_front.dead = false;
	fake_store.no_console = true;
	pv_bus_set_drivers(drivers);
	return fake_store_up(test);
}

void fake_front_exit(struct kunit *test)
{
	pv_fake_xs.changed = NULL;
	pv_bus_remove_all();
	pv_xenbus.end();
	pv_bus_set_drivers(NULL);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 0);
	fake_store_down(test);
}

int fake_front_scan(void)
{
	pv_fake_xs.changed = backend_sees;
	return pv_xenbus.scan(NULL);
}

/* pv_work(), until nothing is to be done. */
void fake_front_work(void)
{
	unsigned int i, n;

	for (i = 0; i < 20; i++) {
		pv_fake_xs_run();
		n = (unsigned int)(pv_xenbus.work() + pv_bus_work());
		if (!n && i > 2)
			break;
	}
}

struct pv_xenbus_device *fake_front_find(const char *name)
{
	struct pv_device *dev;

	pv_for_each_device (dev)
		if (!pv_strcmp(dev->name, name))
			return pv_xenbus_of(dev);
	return NULL;
}

void fake_front_one(struct kunit *test, unsigned int id)
{
	pv_fake_xs_device("vbd", id, NULL, 0);
	fake_front_backend(id, "2");
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	fake_front_work();
}

const void *fake_pair_gen_params(const void *prev, char *desc)
{
	static struct fake_pair p;

	if (!prev) {
		p.a = XenbusStateUnknown;
		p.b = XenbusStateUnknown;
	} else if (p.b + 1 < PV_XENBUS_STATES) {
		p.b++;
	} else if (p.a + 1 < PV_XENBUS_STATES) {
		p.a++;
		p.b = XenbusStateUnknown;
	} else {
		return NULL;
	}
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u-%u", p.a, p.b);
	return &p;
}
