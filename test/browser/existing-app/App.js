// React code of an existing application, which runs against Latchkey unchanged. Keep it as it is.
import React from "react";
import { UserProvider } from "./UserContext";
import Login from "./Login";
import Profile from "./Profile";
function App() {
return (
<UserProvider>
<Profile />
<Login />
</UserProvider>
);
}
export default App;
