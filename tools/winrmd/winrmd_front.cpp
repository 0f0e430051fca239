// Started by winrmd, never by hand: descriptor 3 is its way to the monitor.
#include "io/heap.h"
#include "service/front/front.h"

int main()
{
    winrm::io::keep_freed_memory();
    return winrm::service::front::run_front(3);
}
