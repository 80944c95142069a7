/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Memory that somebody else writes.
 *
 * Ring pages, pages of the hypervisor, buffers on loan: whatever a peer may change at any moment is
 * declared `PV_SHARED` and reached through the accessors below only. Each performs exactly one
 * access. The rule is: load once into private memory, validate the copy, never read again. All
 * state that the guest acts on is private; shared memory is output.
 *
 * In a kernel they are plain loads and stores. Built with PV_SHARED_HOOKS they call functions, by
 * which a simulator or fuzzer answers every read. Under sparse, PV_SHARED is an address space of
 * its own, and a plain dereference is an error; not so with PV_PEER, for tests that are the peer.
 *
 * Ordering, on x86 (Intel SDM 3A, 8.2; AMD APM 2, 7.2): loads are not reordered with loads, nor
 * stores with stores, so acquire and release cost a compiler barrier. Only a store followed by a
 * load of something else needs an instruction: pv_mb(). Each barrier's comment names its partner.
 */
#ifndef PV_SHARED_H
#define PV_SHARED_H

#include <pv/string.h>
#include <pv/types.h>

#if defined(__CHECKER__) && !defined(PV_PEER)
#define PV_SHARED __attribute__((noderef, address_space(__pv_shared)))
#define PV_FORCE  __attribute__((force))
#else
#define PV_SHARED
#define PV_FORCE
#endif

/* The compiler neither moves nor merges accesses across it. */
#define pv_barrier() __asm__ __volatile__("" : : : "memory")

/* Full barrier: stores before it are visible before loads after it. Cheaper than MFENCE. */
#ifndef pv_mb
#define pv_mb() __asm__ __volatile__("lock; addl $0, -4(%%rsp)" : : : "memory", "cc")
#endif

#ifdef PV_SHARED_HOOKS
PV_BEGIN_DECLS
uint64_t pv_hook_read(const volatile void *p, size_t size);
void pv_hook_write(volatile void *p, uint64_t v, size_t size);
void pv_hook_read_block(void *dst, const volatile void *src, size_t n);
void pv_hook_write_block(volatile void *dst, const void *src, size_t n);
void pv_hook_atomic(volatile void *p, size_t size);
PV_END_DECLS
#define pv_shared_read(p)                                                                          \
	((__typeof__(*(p)))pv_hook_read((const volatile void PV_FORCE *)(p), sizeof(*(p))))
#define pv_shared_write(p, v)                                                                      \
	pv_hook_write((volatile void PV_FORCE *)(p), (uint64_t)(__typeof__(*(p)))(v), sizeof(*(p)))
#define pv_shared_read_block(dst, src, n)                                                          \
	pv_hook_read_block(dst, (const volatile void PV_FORCE *)(src), n)
#define pv_shared_write_block(dst, src, n)                                                         \
	pv_hook_write_block((volatile void PV_FORCE *)(dst), src, n)
#else
/* One load of *p, an integer of 1, 2, 4 or 8 bytes at its natural alignment. */
#define pv_shared_read(p)     (*(const volatile __typeof__(*(p)) PV_FORCE *)(p))
/* One store to *p. */
#define pv_shared_write(p, v) ((void)(*(volatile __typeof__(*(p)) PV_FORCE *)(p) = (v)))
/*
 * Copies n bytes from, or to, shared memory. The bytes may change while they are copied: the result
 * is some mixture, read once, which the caller validates.
 */
#define pv_shared_read_block(dst, src, n)                                                          \
	do {                                                                                       \
		pv_barrier();                                                                      \
		pv_memcpy(dst, (const void PV_FORCE *)(src), n);                                   \
		pv_barrier();                                                                      \
	} while (0)
#define pv_shared_write_block(dst, src, n)                                                         \
	do {                                                                                       \
		pv_barrier();                                                                      \
		pv_memcpy((void PV_FORCE *)(dst), src, n);                                         \
		pv_barrier();                                                                      \
	} while (0)
#endif

/*
 * Locked operations, for words that both sides write. Each is a full barrier. The hook is called
 * before it: there the peer gets its turn, and there is no later moment at which it could.
 */
#ifdef PV_SHARED_HOOKS
#define pv_shared_atomic_(p) pv_hook_atomic((volatile void PV_FORCE *)(p), sizeof(*(p)))
#else
#define pv_shared_atomic_(p) ((void)0)
#endif

#ifdef __CHECKER__
/* sparse knows no locked operations on another address space: what they come to. */
#define pv_shared_exchange(p, v)                                                                   \
	__extension__({                                                                            \
		__typeof__(pv_shared_read(p)) pv_old_ = pv_shared_read(p);                         \
		pv_shared_write(p, v);                                                             \
		pv_old_;                                                                           \
	})
#define pv_shared_fetch_or(p, v)  pv_shared_exchange(p, pv_shared_read(p) | (v))
#define pv_shared_fetch_and(p, v) pv_shared_exchange(p, pv_shared_read(p) & (v))
#define pv_shared_replace(p, expected, v)                                                          \
	(pv_shared_read(p) == (expected) ? (pv_shared_write(p, v), true) : false)
#else
/* Stores `v`; what was there before. */
#define pv_shared_exchange(p, v)                                                                   \
	__extension__({                                                                            \
		pv_shared_atomic_(p);                                                              \
		__atomic_exchange_n((__typeof__(*(p)) PV_FORCE *)(p), v, __ATOMIC_SEQ_CST);        \
	})

/* Sets the bits of `v`, or leaves none but them; what was there before. */
#define pv_shared_fetch_or(p, v)                                                                   \
	__extension__({                                                                            \
		pv_shared_atomic_(p);                                                              \
		__atomic_fetch_or((__typeof__(*(p)) PV_FORCE *)(p), v, __ATOMIC_SEQ_CST);          \
	})
#define pv_shared_fetch_and(p, v)                                                                  \
	__extension__({                                                                            \
		pv_shared_atomic_(p);                                                              \
		__atomic_fetch_and((__typeof__(*(p)) PV_FORCE *)(p), v, __ATOMIC_SEQ_CST);         \
	})

/* Stores `v` if `expected` is there; whether it was. */
#define pv_shared_replace(p, expected, v)                                                          \
	__extension__({                                                                            \
		__typeof__(*(p)) pv_e_ = (expected);                                               \
		pv_shared_atomic_(p);                                                              \
		__atomic_compare_exchange_n((__typeof__(*(p)) PV_FORCE *)(p), &pv_e_, v, false,    \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                   \
	})
#endif

/*
 * Clears bit 0; whether it was set. By one instruction, without a lock: of a word that the
 * hypervisor writes while this CPU is in it, and nobody else.
 */
#ifdef PV_SHARED_HOOKS
#define pv_shared_take_bit(p) (pv_shared_fetch_and(p, ~1u) & 1)
#else
#define pv_shared_take_bit(p)                                                                      \
	__extension__({                                                                            \
		bool pv_set_;                                                                      \
		__asm__ __volatile__("btrl $0, %0"                                                 \
				     : "+m"(*(__typeof__(*(p)) PV_FORCE *)(p)), "=@ccc"(pv_set_)   \
				     :                                                             \
				     : "memory");                                                  \
		pv_set_;                                                                           \
	})
#endif

/* A load before all later accesses; pairs with the peer's release of the same field. */
#define pv_shared_read_acquire(p)                                                                  \
	__extension__({                                                                            \
		__typeof__(*(p)) pv_v_ = pv_shared_read(p);                                        \
		pv_barrier();                                                                      \
		pv_v_;                                                                             \
	})

/* A store after all earlier accesses; pairs with the peer's acquire of the same field. */
#define pv_shared_write_release(p, v)                                                              \
	do {                                                                                       \
		pv_barrier();                                                                      \
		pv_shared_write(p, v);                                                             \
	} while (0)

#endif
