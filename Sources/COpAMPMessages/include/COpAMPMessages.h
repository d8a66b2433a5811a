#ifndef COPAMPMESSAGES_H
#define COPAMPMESSAGES_H

#include "anyvalue.pb-c.h"
#include "opamp.pb-c.h"

#endif
