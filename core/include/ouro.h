/* SPDX-License-Identifier: MIT */
/* libouro: managed objects with counted and weak references, finalizers and a cycle
 * collector. This header is the whole public interface. Read object.h first: it holds
 * the model. docs/c-reference.md is a guided tour. */
#ifndef OURO_H
#define OURO_H

#define OURO_VERSION "0.1.0"

#include "ouro/status.h"
#include "ouro/alloc.h"
#include "ouro/value.h"
#include "ouro/object.h"
#include "ouro/type.h"
#include "ouro/cross.h"
#include "ouro/heap.h"
#include "ouro/scalar.h"
#include "ouro/containers.h"
#include "ouro/record.h"
#include "ouro/frame.h"
#include "ouro/weak.h"
#include "ouro/collect.h"
#include "ouro/events.h"
#include "ouro/inspect.h"
#include "ouro/understand.h"
#include "ouro/picture.h"
#include "ouro/build.h"
#include "ouro/progress.h"

#endif
