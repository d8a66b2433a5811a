// epoll(7) for Swift; the Glibc module leaves this header out.

#pragma once

#include <sys/epoll.h>
