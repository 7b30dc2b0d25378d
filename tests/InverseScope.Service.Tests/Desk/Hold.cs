namespace InverseScope.Service.Tests.Desk;

/// <summary>Holds runs on planted sites: each, since its target was opened, where it first samples at one of them.</summary>
internal sealed class Hold : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private readonly PlantedCompute _compute;
    private readonly SemaphoreSlim _reached = new(0);
    private readonly SemaphoreSlim _goOn = new(0);

    public Hold(PlantedCompute compute, string site)
    {
        _compute = compute;
        var isHeld = false;
        compute.BeforeOpening = () => isHeld = false;
        compute.BeforeSampling = s =>
        {
            if (isHeld || s.ToString() != site)
                return;
            isHeld = true;
            _reached.Release();
            _goOn.Wait(Bound);
        };
    }

    /// <summary>Waits until one is held that was not waited for before.</summary>
    public async Task ReachedAsync() => Assert.True(await _reached.WaitAsync(Bound, TestContext.Current.CancellationToken));

    /// <summary>Lets one go on.</summary>
    public void Release() => _goOn.Release();

    /// <summary>Lets go on whoever is held, and holds nobody any more.</summary>
    public void Dispose()
    {
        (_compute.BeforeOpening, _compute.BeforeSampling) = (() => { }, _ => { });
        _goOn.Release(100);
        _reached.Dispose();
    }
}
