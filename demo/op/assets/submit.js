const button = document.getElementById('sign-out');
document.getElementById('op.logoutForm').requestSubmit(button);
