#include "service/monitor/run.h"

int main(int argc, char** argv) { return winrm::service::monitor::run_monitor(argc, argv); }
