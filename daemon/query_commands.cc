#include "daemon/query_commands.h"

#include <iostream>

#include "daemon/exit_code.h"
#include "daemon/query/query_client.h"
#include "daemon/query/views.h"

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;

Json question_of(const QueryArguments& arguments) {
  Json question{{"ask", arguments.what}};
  if (!arguments.token.empty()) question["token"] = arguments.token;
  if (!arguments.address.empty()) question["address"] = arguments.address;
  if (arguments.limit) question["limit"] = *arguments.limit;
  return question;
}

Json question_of(const MitigationArguments& arguments) {
  using What = MitigationArguments::What;
  if (arguments.what == What::kList) return {{"ask", "mitigations"}};
  if (arguments.what == What::kRemove) return {{"ask", "remove_mitigation"}, {"number", arguments.number}};
  Json question{{"ask", "add_mitigation"}, {"receiver", arguments.receiver}, {"enforce", !arguments.observe}};
  if (arguments.joins_per_second) question["joins_per_second"] = *arguments.joins_per_second;
  if (arguments.seconds) question["seconds"] = *arguments.seconds;
  return question;
}

}  // namespace

int ask_sensor(const QueryArguments& arguments) {
  try {
    Json answer = QueryClient(arguments.socket).ask(question_of(arguments));
    answer.erase("ok");
    if (arguments.json) {
      std::cout << answer.dump(2) << "\n";
    } else if (arguments.what == "status") {
      std::cout << view_status(answer);
    } else if (arguments.what == "connections") {
      std::cout << view_connections(answer);
    } else {
      std::cout << answer.at("yaml").get<std::string>();
    }
    return kDone;
  } catch (const QueryError& error) {
    std::cerr << "mptap: " << error.what() << "\n";
    return kFailed;
  }
}

int manage_mitigations(const MitigationArguments& arguments) {
  using What = MitigationArguments::What;
  try {
    Json answer = QueryClient(arguments.socket).ask(question_of(arguments));
    answer.erase("ok");
    if (arguments.json) {
      std::cout << answer.dump(2) << "\n";
    } else if (arguments.what == What::kList) {
      std::cout << view_mitigations(answer);
    } else {
      std::cout << "rule " << answer.at("number") << (arguments.what == What::kAdd ? " is in force\n" : " has ended\n");
    }
    return kDone;
  } catch (const QueryError& error) {
    std::cerr << "mptap: " << error.what() << "\n";
    return kFailed;
  }
}

}  // namespace mptap
