/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * For sparse only, which is given this file before each source: it does not know the compiler's
 * atomic operations on enumerations and on pointers out of an address space, nor its jumps. These
 * have the same types.
 */
#define __atomic_load_n(p, order)     (*(p))
#define __atomic_store_n(p, v, order) ((void)(*(p) = (v)))
#define pv_sparse_op(p, op, v)                                                                     \
	({                                                                                         \
		__typeof__(*(p)) was_ = *(p);                                                      \
                                                                                                   \
		*(p) = op(v);                                                                      \
		was_;                                                                              \
	})
#define __atomic_exchange_n(p, v, order) pv_sparse_op(p, , v)
#define __atomic_fetch_add(p, v, order)	 pv_sparse_op(p, *(p) +, v)
#define __atomic_fetch_sub(p, v, order)	 pv_sparse_op(p, *(p) -, v)
#define __atomic_fetch_or(p, v, order)	 pv_sparse_op(p, *(p) |, v)
#define __atomic_fetch_and(p, v, order)	 pv_sparse_op(p, *(p) &, v)
#define __atomic_compare_exchange_n(p, e, v, weak, success, failure)                               \
	({                                                                                         \
		*(e) = pv_sparse_op(p, , v);                                                       \
		(_Bool)1;                                                                          \
	})

#define __builtin_setjmp(buf)	    ((void)(buf), 0)
#define __builtin_longjmp(buf, one) ((void)(buf))
