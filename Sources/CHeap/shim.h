#pragma once
// Not in Swift's module of glibc.
#include <malloc.h>
