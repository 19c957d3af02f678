// mptap: a sensor for Multipath TCP.
#include <exception>
#include <iostream>
#include <variant>

#include "daemon/cli.h"
#include "daemon/config_command.h"
#include "daemon/doctor_command.h"
#include "daemon/exit_code.h"
#include "daemon/query_commands.h"
#include "daemon/read_command.h"
#include "daemon/run_command.h"

namespace {

struct Execute {
  int operator()(int settled) const { return settled; }
  int operator()(const mptap::RunArguments& arguments) const { return mptap::run_sensor(arguments); }
  int operator()(const mptap::ReadArguments& arguments) const { return mptap::read_captures(arguments); }
  int operator()(const mptap::CheckConfigArguments& arguments) const { return mptap::check_config(arguments); }
  int operator()(const mptap::PrintConfigArguments& arguments) const { return mptap::print_config_command(arguments); }
  int operator()(const mptap::QueryArguments& arguments) const { return mptap::ask_sensor(arguments); }
  int operator()(const mptap::MitigationArguments& arguments) const { return mptap::manage_mitigations(arguments); }
  int operator()(const mptap::TopArguments& arguments) const { return mptap::show_top(arguments); }
  int operator()(const mptap::DoctorArguments& arguments) const { return mptap::examine_machine(arguments); }
};

}  // namespace

int main(int argc, char** argv) {
  try {
    return std::visit(Execute{}, mptap::parse_command_line(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "mptap: " << error.what() << "\n";
    return mptap::kFailed;
  }
}
