/* SPDX-License-Identifier: ISC */
/* All of mstack's public interface. */
#ifndef MSTACK_MSTACK_H
#define MSTACK_MSTACK_H

#include "mstack/addr.h"
#include "mstack/cc.h"
#include "mstack/counters.h"
#include "mstack/driver.h"
#include "mstack/drop.h"
#include "mstack/error.h"
#include "mstack/frame.h"
#include "mstack/stack.h"
#include "mstack/tcp.h"
#include "mstack/udp.h"

#endif
