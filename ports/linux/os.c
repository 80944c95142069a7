/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port for Linux: memory, time and exclusion, by the kernel's services.
 *
 * The control context is a process that may sleep; what the library leaves for it is done by a work
 * item of the system's queue. In a Xen PV guest Linux' physical addresses are the domain's own.
 */
#include "port.h"

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <pv/os.h>
#include <pv/pv.h>

static DEFINE_MUTEX(control);

static void do_work(struct work_struct *work)
{
	pv_work();
}

static DECLARE_WORK(work, do_work);

void pv_os_log(enum pv_log_level level, const char *line)
{
	switch (level) {
	case PV_LOG_ERROR:
		pr_err("pv: %s\n", line);
		break;
	case PV_LOG_WARN:
		pr_warn("pv: %s\n", line);
		break;
	case PV_LOG_INFO:
		pr_info("pv: %s\n", line);
		break;
	case PV_LOG_DEBUG:
		pr_debug("pv: %s\n", line);
		break;
	}
}

void *pv_os_alloc(size_t size)
{
	/* Only powers of two are aligned to themselves by the slab allocator. */
	return kvzalloc(size < 16	   ? 16
			: size < PAGE_SIZE ? roundup_pow_of_two(size)
					   : size,
			GFP_KERNEL);
}

void pv_os_free(void *p, size_t size)
{
	kvfree(p);
}

void *pv_os_pages_alloc(unsigned int n)
{
	return alloc_pages_exact((size_t)n * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
}

void pv_os_pages_free(void *va, unsigned int n)
{
	if (va)
		free_pages_exact(va, (size_t)n * PAGE_SIZE);
}

uint64_t pv_os_virt_to_phys(const void *va)
{
	if (is_vmalloc_addr(va))
		return page_to_phys(vmalloc_to_page(va)) + offset_in_page(va);
	return virt_to_phys((void *)va);
}

void *pv_os_map(uint64_t pa, size_t len, enum pv_map_type type)
{
	if (type == PV_MAP_DEVICE)
		return (void __force *)ioremap(pa, len);
	return memremap(pa, len, MEMREMAP_WB);
}

void pv_os_unmap(void *va, size_t len)
{
	/* It undoes ioremap(), too. */
	if (va)
		memunmap(va);
}

uint64_t pv_os_uptime_ns(void)
{
	return ktime_get_mono_fast_ns();
}

void pv_os_relax(void)
{
	usleep_range(50, 200);
}

unsigned int pv_os_cpu(void)
{
	return raw_smp_processor_id();
}

void pv_os_control_lock(void)
{
	mutex_lock(&control);
}

void pv_os_control_unlock(void)
{
	mutex_unlock(&control);
}

void pv_os_schedule_work(void)
{
	schedule_work(&work);
}

void pv_linux_work_end(void)
{
	cancel_work_sync(&work);
}
