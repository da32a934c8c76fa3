// Microsoft's SARIF viewer, the one of Azure DevOps, with the log that the page holds.
import React from "react";
import ReactDOM from "react-dom";
import { Viewer } from "@microsoft/sarif-web-component";

const log = JSON.parse(document.getElementById("log").textContent);
ReactDOM.render(<Viewer logs={[log]} />, document.getElementById("root"));
